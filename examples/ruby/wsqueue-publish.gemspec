# frozen_string_literal: true

Gem::Specification.new do |gem|
  gem.name = "wsqueue-publish"
  gem.version = File.read(File.join(__dir__, "wsqueue.rb"))[/VERSION = "(.+)"/, 1]
  gem.summary = "Publishes events to wsqueue-server by putting files into its queue directory"
  gem.authors = ["wsqueue"]
  gem.files = ["wsqueue.rb"]
  gem.require_paths = ["."]
  gem.required_ruby_version = ">= 2.7"
end

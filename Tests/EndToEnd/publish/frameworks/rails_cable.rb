# Action Cable's own server with the adapter, which does what standard input says and tells what comes, a line of JSON each.
require "json"
require "logger"
require "active_support/all"
require "action_cable"

config = ActionCable.server.config
config.cable = { adapter: "wsqueue", directory: ARGV[0], url: ARGV[1] }.with_indifferent_access
config.logger = Logger.new($stderr, level: Logger::WARN)
$stdout.sync = true
said = Mutex.new
say = ->(*what) { said.synchronize { puts JSON.generate(what) } }
heard = {}

$stdin.each_line do |line|
  call, name, message = JSON.parse(line)
  case call
  when "subscribe"
    heard[name] = ->(text) { say.("heard", name, text) }
    ActionCable.server.pubsub.subscribe(name, heard[name], -> { say.("subscribed", name) })
  when "unsubscribe"
    ActionCable.server.pubsub.unsubscribe(name, heard[name])
    say.("unsubscribed", name)
  when "broadcast"
    ActionCable.server.broadcast(name, message)
    say.("broadcast")
  when "text"
    ActionCable.server.broadcast(name, message, coder: nil)
    say.("broadcast")
  when "name"
    say.("name", ActionCable::SubscriptionAdapter::Wsqueue.channel_name("cable", name))
  end
end

# Calls the installed package as each line of standard input says, and answers by a line: see ../test_packages.py.
require "json"
require "wsqueue"

plain = WSQueue::Publisher.new
coded = WSQueue::Publisher.new(encode: ->(payload) { payload["raw"] })

$stdin.each_line do |line|
  given = JSON.parse(line, max_nesting: false)
  queue = given["encoded"] ? coded : plain
  event = given.values_at("event", "payload")
  members = (given["members"] || {}).transform_keys(&:to_sym)
  said = begin
    answer = case given["call"]
             when "publish" then queue.publish(*event, **members)
             when "batch" then queue.batch(given["events"])
             when "at" then queue.at(given["when"], *event, **members)
             when "in" then queue.in(given["when"], *event, **members)
             when "hold" then queue.hold(*event, **members)
             when "wait" then queue.wait(WSQueue::Receipt.new(*given["receipt"].values), given["seconds"])
             else queue.public_send(given["call"], given["word"])
             end
    { is: answer.respond_to?(:to_h) ? answer&.to_h : answer }
  rescue WSQueue::Refused, WSQueue::NotHeld, WSQueue::PublishError => error
    { error: error.class.name.split("::").last, says: error.message }
  end
  puts JSON.generate(said)
  $stdout.flush
end

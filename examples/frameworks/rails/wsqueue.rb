# frozen_string_literal: true

# Action Cable on a queue directory, in the place of Redis: lib/action_cable/subscription_adapter/wsqueue.rb
#
#   # config/cable.yml
#   production:
#     adapter: wsqueue
#     directory: /var/spool/wsqueue    # where this process publishes; WSQUEUE_DIR otherwise
#     url: http://127.0.0.1:8081       # where it listens, for the clients that are connected to it
#     channel_prefix: cable
#
# Publishing works with the server down: a broadcast is a file that is put into the directory, from a web process, a
# job, a console or a cron job alike, and no connection is made. A process that was cut off gets what it missed, in
# order, where Redis loses it. Turbo's streams are broadcasts. Browsers may do without Action Cable, too, by
# `queue.channel(name)` of wsqueue.js, with the name that `Wsqueue.channel_name("cable", broadcasting)` gives.
#
# All broadcasts come by one connection, by the pattern `<channel_prefix>.**`, which the server gives to this machine,
# or to the `token` of cable.yml. wsqueue_listener.rb stands beside this file.
require "action_cable/subscription_adapter/wsqueue_listener"
require "digest/sha1"
require "json"
require "wsqueue"

module ActionCable
  module SubscriptionAdapter
    class Wsqueue < Base
      # The channel of a broadcasting. Other characters than a channel's name may have are told apart by a digest.
      def self.channel_name(prefix, broadcasting)
        plain = broadcasting.gsub(/[^A-Za-z0-9_:.-]/, "_")[0, 150].gsub(/\.{2,}|\A\.|\.\z/, "_")
        plain = "#{plain}:#{Digest::SHA1.hexdigest(broadcasting)[0, 16]}" unless plain == broadcasting
        "#{prefix}.#{plain}"
      end

      def initialize(*)
        super
        cable = server.config.cable
        @prefix = cable[:channel_prefix] || "cable"
        directory = cable[:directory] || ::WSQueue.default_directory
        @publisher = ::WSQueue::Publisher.new(directory, encode: ->(text) { text })
      end

      # What the coder made is the payload; a text that is no JSON becomes one.
      def broadcast(broadcasting, text)
        is_json = begin
          JSON.parse(text, max_nesting: false) && true
        rescue JSON::ParserError
          false
        end
        name = self.class.channel_name(@prefix, broadcasting)
        @publisher.publish(is_json ? "cable" : "cable.text", is_json ? text : JSON.generate(text), channel: name)
      end

      def subscribe(broadcasting, callback, success_callback = nil)
        listener.add_subscriber(self.class.channel_name(@prefix, broadcasting), callback, success_callback)
      end

      def unsubscribe(broadcasting, callback)
        listener.remove_subscriber(self.class.channel_name(@prefix, broadcasting), callback)
      end

      def shutdown
        @listener&.shutdown
      end

      private

      def listener
        @listener || @server.mutex.synchronize { @listener ||= WsqueueListener.new(server, "#{@prefix}.**") }
      end
    end
  end
end

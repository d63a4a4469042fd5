# frozen_string_literal: true

require "json"
require "net/http"

module ActionCable
  module SubscriptionAdapter
    # The one connection by which this process hears all broadcasts, by Server-Sent Events.
    class WsqueueListener < SubscriberMap
      def initialize(server, pattern)
        super()
        @server, @waiting, @is_live = server, [], false
        @uri = URI("#{server.config.cable[:url] || "http://127.0.0.1:8081"}/events?channels=#{pattern}")
        @thread = Thread.new { loop { follow } }
      end

      # A subscription holds once the connection does; later ones miss nothing, because that goes on where it was.
      def add_channel(_channel, on_success)
        @is_live ? on_success&.call : @waiting << on_success
      end

      # In their order: by the event loop's threads they would overtake each other.
      def invoke_callback(*)
        super
      rescue StandardError => error
        @server.logger.error("wsqueue: a subscriber has failed: #{error.message}")
      end

      def shutdown
        @thread.kill
      end

      private

      def follow
        token, text = @server.config.cable[:token], +""
        headers = { "Last-Event-ID" => @cursor, "Authorization" => token && "Bearer #{token}" }.compact
        Net::HTTP.start(@uri.host, @uri.port, use_ssl: @uri.scheme == "https", read_timeout: 60) do |http|
          http.request_get(@uri.request_uri, headers) do |answer|
            raise IOError, "#{@uri} answers #{answer.code}" unless answer.code == "200"
            answer.read_body do |part|
              text << part
              while (message = text.slice!(/\A.*?\n\n/m)) do take(message.force_encoding(Encoding::UTF_8)) end
            end
          end
        end
        raise IOError, "the server has ended the connection"
      rescue StandardError => error # Whatever it is, the clients are still there.
        @server.logger.warn("wsqueue: #{error.message}; trying again")
        sleep(rand * 2)
      end

      def take(message)
        data = message.scan(/^data: ?(.*)$/).join("\n")
        if data.start_with?('{"event":"cable')
          # As it was broadcast, byte for byte.
          payload = data[/\A\{"event":"[^"]+","payload":(.*),"timestamp":[^"]*,"id":/m, 1]
          payload = JSON.parse(payload) if data.start_with?('{"event":"cable.text"')
          broadcast(data[/"channel":"([^"]+)"[^}]*\}\z/, 1], payload)
        elsif data.match?(/"success":false|"complete":false/)
          @server.logger.error("wsqueue: broadcasts are lost or refused: #{data}")
        end
        @cursor = message[/^id: ?(.+)$/, 1] || @cursor
        return if @is_live || @cursor.nil?
        @sync.synchronize { @is_live = true }
        @waiting.compact.each(&:call)
      end
    end
  end
end

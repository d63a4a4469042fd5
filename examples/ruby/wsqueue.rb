# Publishes events from Ruby: write under a name that begins with a dot, then rename. Nothing to install.
require "json"
require "securerandom"

module WSQueue
  @lock = Mutex.new
  @last = 0

  # Queues one event for wsqueue-server and gives its id; members are further ones, such as channel: "orders".
  def self.publish(directory, event, payload = nil, **members)
    name = format("%019d-%d-1-%s", unix_nanoseconds, Process.pid, SecureRandom.hex(4))
    text = JSON.generate({ event: event, payload: payload, timestamp: Time.now.to_i, **members })
    hidden = File.join(directory, ".#{name}.tmp")
    begin
      File.open(hidden, File::WRONLY | File::CREAT | File::EXCL) do |file|
        file.write(text)
        file.chmod(0o644) # Whatever the umask is, the server must be able to read it.
      end
      File.rename(hidden, File.join(directory, "#{name}.json"))
    rescue SystemCallError
      File.unlink(hidden) if File.exist?(hidden)
      raise
    end
    name
  end

  # The time, always later than the last one: a clock set back must not turn this process's order round.
  def self.unix_nanoseconds
    @lock.synchronize { @last = [@last + 1, Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)].max }
  end
  private_class_method :unix_nanoseconds
end

if $PROGRAM_NAME == __FILE__
  directory, event, payload = ARGV
  WSQueue.publish(directory, event, JSON.parse(payload || "null"))
end

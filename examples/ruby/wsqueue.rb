# Publishes events from Ruby: write under a name that begins with a dot, then rename. Nothing to install.
require "did_you_mean"
require "json"
require "securerandom"

module WSQueue
  LIMIT = 1_048_576 # bytes of an event that the server takes
  @lock = Mutex.new
  @last = 0

  integer = ->(value) { value.is_a?(Integer) && value.bit_length < 64 }
  label = lambda do |value|
    value.is_a?(String) && value.encoding == Encoding::UTF_8 && value.valid_encoding? \
      && value.bytesize.between?(1, 255) && !value.match?(/[\u0000-\u001f\u007f-\u009f]/)
  end
  user = ->(value) { integer.(value) || label.(value) }
  channel = ->(value) { value.is_a?(String) && value.match?(/\A[A-Za-z0-9._:-]{1,255}\z/) }
  time = ->(value) { value.is_a?(Integer) || (value.is_a?(Float) && value.finite?) }
  list = lambda do |check, least: 0, alone: true, most: 1024|
    ->(value) { value.is_a?(Array) ? value.size.between?(least, most) && value.all?(&check) : alone && check.(value) }
  end
  channels = list.(channel, least: 1, most: LIMIT)
  EVENT = label
  MEMBERS = {
    id: user, channel: channels, channels: channels, recipients: list.(user, alone: false), except: list.(integer),
    except_users: list.(user), key: user, clear: ->(value) { [true, false].include?(value) }, timestamp: time,
    queued_at: time, expires_at: time, traceparent: ->(value) { value.is_a?(String) }
  }.freeze

  # Raises an ArgumentError for what the server would refuse, and for members that it does not know.
  def self.check(event, members)
    raise ArgumentError, "'event' has to be 1 to 255 bytes without control characters" unless EVENT.(event)
    members.each do |name, value|
      unless MEMBERS.key?(name.to_sym)
        raise ArgumentError, "'#{name}' is no member of an event#{meant(name.to_s)}"
      end
      raise ArgumentError, "'#{name}' is not as it should be" unless value.nil? || MEMBERS[name.to_sym].(value)
    end
    raise ArgumentError, "'clear' wants a 'key'" if members[:key].nil? && members[:clear]
    some = [members[:recipients]&.then { [1] }, members[:except], members[:except_users]]
    return if members[:key].nil? || some.all? { |value| value.nil? || value == [] }
    raise ArgumentError, "'key' cannot stand beside 'recipients', 'except' and 'except_users'"
  end

  # The member that a name was most likely meant to be.
  def self.meant(name)
    plain = [*MEMBERS.keys, :event, :payload].to_h { |member| [member.to_s.delete("_"), member] }
    name = name.downcase.delete("-_")
    near = plain[name] || plain[DidYouMean::SpellChecker.new(dictionary: plain.keys).correct(name).first]
    near ? "; is '#{near}' meant?" : ""
  end
  private_class_method :meant

  # Queues one event for wsqueue-server and gives its id; members are further ones, such as channel: "orders".
  def self.publish(directory, event, payload = nil, **members)
    check(event, members)
    name = format("%019d-%d-1-%s", unix_nanoseconds, Process.pid, SecureRandom.hex(4))
    text = JSON.generate({ event: event, payload: payload, timestamp: Time.now.to_i, **members })
    raise ArgumentError, "the event is larger than #{LIMIT} bytes" if text.bytesize > LIMIT
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
    (members[:id] || name).to_s
  end

  # The time, always later than the last one: a clock set back must not turn this process's order round.
  def self.unix_nanoseconds
    @lock.synchronize { @last = [@last + 1, Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)].max }
  end
  private_class_method :unix_nanoseconds
end

if $PROGRAM_NAME == __FILE__
  # ruby wsqueue.rb DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
  directory, event, payload, members = ARGV.map { |word| word.dup.force_encoding(Encoding::UTF_8) }
  WSQueue.publish(
    directory, event, JSON.parse(payload || "null"), **JSON.parse(members || "{}", symbolize_names: true))
end

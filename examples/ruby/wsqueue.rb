# frozen_string_literal: true

# Publishes events to wsqueue-server by putting files into its queue directory. Needs nothing but Ruby 2.7.
#
#   queue = WSQueue::Publisher.new                                 # of WSQUEUE_DIR
#   queue.publish("order.created", { id: 7 }, channel: "orders")
#
# No connection is made: publishing works with the server down, and the events wait. A Publisher holds nothing open; use
# it from any thread and after a fork. Where a call raises nothing is published: WSQueue::Refused for what the server
# would refuse, WSQueue::PublishError for a directory that cannot be written.
require "did_you_mean"
require "digest/sha1"
require "json"
require "securerandom"

module WSQueue
  VERSION = "0.2.0"
  LIMIT = 1_048_576 # bytes of an event that the server takes
  BATCH_LIMIT = 67_108_864 # bytes of a batch
  FARTHEST = 366 * 86_400 * 1_000_000_000 # nanoseconds that an event may wait for its time

  # What was published: its id, its file, and whether this call wrote it (one of its id may have waited).
  Receipt = Struct.new(:id, :path, :is_new)
  # What became of an event: "sent", "refused" (with a reason), "queued", or "no server".
  Delivery = Struct.new(:state, :reason)

  # An event that the server would refuse, or a member that it does not know.
  class Refused < ArgumentError; end

  # Nothing is held, or waits for its time, under the word that was given.
  class NotHeld < KeyError; end

  # The queue directory could not be used; `errno` is the number, `advice` the next step, `cause` the system's error.
  class PublishError < IOError
    attr_reader :errno, :directory, :advice

    ADVICE = {
      Errno::ENOENT::Errno => "create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)",
      Errno::ENOTDIR::Errno => "name the directory that wsqueue-server reads (WSQUEUE_DIR)",
      Errno::EROFS::Errno => "its file system is mounted read-only: mount it read-write, or move the queue",
      Errno::ENAMETOOLONG::Errno => "its file system takes no name so long: give the event a shorter id",
      Errno::EFBIG::Errno => "nothing was published: raise the limit for files (ulimit -f), then publish again",
      Errno::EMFILE::Errno => "nothing was published: publish again later"
    }.freeze
    private_constant :ADVICE

    def initialize(error, step, directory)
      @errno = error.class::Errno
      @directory = directory
      @advice = ADVICE[@errno] || "nothing was published: make room, look at the disk (df, df -i, quota, dmesg), " \
                                  "then publish again"
      if [Errno::EACCES::Errno, Errno::EPERM::Errno].include?(@errno)
        @advice = "let user #{Process.euid} create files there (ls -ld, usermod -aG GROUP), or run as one who may"
      end
      super("cannot #{step} in the queue directory #{directory}: #{SystemCallError.new(@errno).message}; #{@advice}")
    end
  end

  integer = ->(value) { value.is_a?(Integer) && value.bit_length < 64 }
  label = lambda do |value|
    value.is_a?(String) && value.encoding == Encoding::UTF_8 && value.valid_encoding? \
      && value.bytesize.between?(1, 255) && !value.match?(/[\u0000-\u001f\u007f-\u009f]/)
  end
  user = ->(value) { integer.(value) || label.(value) }
  channel = ->(value) { value.is_a?(String) && value.match?(/\A[A-Za-z0-9._:-]{1,255}\z/) }
  time = ->(value) { integer.(value) || (value.is_a?(Float) && value.abs < 2.0**63) }
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

  # Names of this process, each later than the one before: a clock set back must not turn their order round.
  @lock = Mutex.new
  @last = @count = 0

  class << self
    # Publishes one event into a directory and gives its id: Publisher.new(directory).publish(…).id
    def publish(directory, event, payload = nil, **members)
      Publisher.new(directory).publish(event, payload, **members).id
    end

    # Raises Refused for what the server would refuse, and for members that it does not know.
    def check(event, members)
      raise Refused, "'event' has to be 1 to 255 bytes without control characters" unless EVENT.(event)
      members.each do |name, value|
        raise Refused, "'#{name}' is no member of an event#{meant(name.to_s)}" unless MEMBERS.key?(name.to_sym)
        raise Refused, "'#{name}' is not as it should be" unless value.nil? || MEMBERS[name.to_sym].(value)
      end
      raise Refused, "'clear' wants a 'key'" if members[:key].nil? && members[:clear]
      some = [members[:recipients]&.then { [1] }, members[:except], members[:except_users]]
      return if members[:key].nil? || some.all? { |value| value.nil? || value == [] }
      raise Refused, "'key' cannot stand beside 'recipients', 'except' and 'except_users'"
    end

    # The next name without its suffix; of one that waits for a time, that.
    def next_name(due = nil)
      @lock.synchronize do
        @count += 1
        @last = [@last + 1, now].max unless due
        format("%019d-%d-%d-%s", due ? due + @count : @last, Process.pid, @count, SecureRandom.hex(4))
      end
    end

    def now
      Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
    end

    # The name of the event with an id of its own.
    def named(id)
      safe = id.to_s.b.gsub(/[^A-Za-z0-9._:@+=,-]/n) { |byte| format("%%%02x", byte.ord) }
      safe.bytesize <= 197 ? "id-#{safe}" : "id%#{Digest::SHA1.hexdigest(id.to_s)}"
    end

    # Whether a server holds the queue; nil where that cannot be told.
    def served?(directory)
      trusted = [0, Process.euid, File.stat(directory).uid]
      File.open(File.join(directory, ".server"), File::WRONLY | File::NONBLOCK | File::NOFOLLOW) do |file|
        status = file.stat
        status.pipe? && trusted.include?(status.uid) ? true : nil
      end
    rescue Errno::ENXIO, Errno::ENOENT
      begin
        # A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
        Time.now - File.lstat(File.join(directory, ".address")).mtime < 10 ? nil : false
      rescue SystemCallError
        false
      end
    rescue SystemCallError
      nil
    end

    # ./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists.
    def default_directory
      named, installed = ENV["WSQUEUE_DIR"].to_s, "/var/spool/wsqueue"
      return named.empty? ? "queue" : named unless named.empty? && File.directory?(installed)
      owners = [File.lstat("queue").uid, File.stat("queue").uid]
      owners.all? { |owner| [0, Process.euid].include?(owner) } && served?("queue") ? "queue" : installed
    rescue SystemCallError
      installed
    end

    private

    # The member that a name was most likely meant to be.
    def meant(name)
      plain = [*MEMBERS.keys, :event, :payload].to_h { |member| [member.to_s.delete("_"), member] }
      name = name.downcase.delete("-_")
      near = plain[name] || plain[DidYouMean::SpellChecker.new(dictionary: plain.keys).correct(name).first]
      near ? "; is '#{near}' meant?" : ""
    end
  end

  # Publishes into a queue directory: the given one, that of WSQUEUE_DIR, or where wsqueue-publish would.
  class Publisher
    OURS = /\A(at-)?\d{19}-\d+-\d+-[A-Za-z0-9_.:@+=,]+\z/
    private_constant :OURS
    attr_reader :directory

    # encode:: makes JSON of a payload, instead of JSON.generate
    # sync:: whether an event survives a power cut, too
    # mode:: of the files, which the server must be able to read
    def initialize(directory = WSQueue.default_directory, encode: nil, sync: false, mode: 0o644)
      @directory = directory.to_s
      @encode, @sync, @mode = encode, sync, mode
    end

    # Publishes an event; members are further ones, such as channel: "orders". One whose id is that of one that still
    # waits is not written again. Gives a Receipt.
    def publish(event, payload = nil, **members)
      put(event, payload, members)
    end

    # Publishes several, each a hash of :event, :payload and other members: clients get all or none, in this order.
    def batch(events)
      lines = events.each_with_index.map do |event, index|
        members = event.transform_keys(&:to_sym)
        "#{text(members.delete(:event), members.delete(:payload), members).tr("\r\n", "  ")}\n"
      rescue Refused => error
        raise Refused, "event #{index + 1} of the batch: #{error.message}"
      end
      if lines.sum(&:bytesize) > BATCH_LIMIT
        raise Refused, "the batch is larger than the #{BATCH_LIMIT} bytes that the server takes: publish parts"
      end
      return nil if lines.empty?
      stem = WSQueue.next_name
      store(lines.join, "#{stem}.jsonl")
      receipt(stem, "#{stem}.jsonl")
    end

    # Publishes an event that is not sent before a Time, or Unix seconds; it waits in the queue.
    def at(time, event, payload = nil, **members)
      due = (time.to_r * 1_000_000_000).to_i
      if due > WSQueue.now + FARTHEST
        raise Refused, "an event may wait for a year at most: publish it nearer to its time"
      end
      put(event, payload, members, [due, 0].max)
    end

    # Publishes an event that is sent so many seconds from now.
    def in(seconds, event, payload = nil, **members)
      at(Time.now + seconds, event, payload, **members)
    end

    # Takes back an event that waits for its time.
    def cancel(id)
      names = ["at-#{WSQueue.named(id)}.json"]
      names << "#{id}.json" if id.to_s.start_with?("at-") && OURS.match?(id.to_s)
      remove(names, "no event waits for its time under the id '#{id}'")
    end

    # Writes an event that no server sees until it is released, and gives the word for that: before a commit.
    def hold(event, payload = nil, **members)
      id = members[:id]
      stem = id.nil? ? WSQueue.next_name : WSQueue.named(id)
      # It is to have the id that is told now, and its file gets another name when it is released.
      id = stem if id.nil?
      random = Array.new(16) { [*"a".."z", *"0".."5"].sample(random: SecureRandom) }.join
      store("#{text(event, payload, members.merge(id: id))}\n", ".held-#{stem}.#{random}.json")
      "#{id}.#{random}"
    end

    # Publishes what is held under a word, by one rename: after a commit. Gives a Receipt.
    def release(word)
      id, held = held(word)
      stem, name, state = WSQueue.next_name, "#{WSQueue.named(id)}.json", :other
      begin
        set_time(path(held), stem[0, 19].to_i)
        state = reveal(held, name) if held.start_with?(".held-id")
        File.unlink(path(held)) if state == :ours
        File.rename(path(held), path(name = "#{stem}.json")) if state == :other
      rescue SystemCallError => error
        raise PublishError.new(error, "release the event", @directory)
      end
      sync_names
      receipt(id, name, state != :ours)
    end

    # Removes what is held under a word: after a rollback.
    def abort(word)
      remove([held(word).last], "no event is held under '#{word}'")
    end

    # Waits until the server has sent what was published and deleted its file; gives a Delivery. A queue that no server
    # holds for a second is not waited for. Who may not look into .failed and comes after a refusal is told "sent".
    def wait(receipt, seconds = 5)
      name = File.basename(receipt.path)
      File.open(path(name), File::RDONLY | File::NONBLOCK | File::NOFOLLOW) do |file|
        start = served = clock
        pause = 0.0005
        while exist?(path(name))
          is_served = WSQueue.served?(@directory) != false
          served = clock if is_served
          return Delivery.new(is_served ? "queued" : "no server", "") if clock - start >= seconds || clock - served > 1
          sleep(pause)
          pause = [2 * pause, 0.02].min
        end
        file.stat.nlink.zero? ? Delivery.new("sent", "") : Delivery.new("refused", why(name))
      end
    rescue Errno::ENOENT
      exist?(path(".failed", name)) ? Delivery.new("refused", why(name)) : Delivery.new("sent", "")
    rescue SystemCallError => error
      raise PublishError.new(error, "wait for the event, which is queued as #{name},", @directory)
    end

    private

    def put(event, payload, members, due = nil)
      text = "#{text(event, payload, members, due)}\n"
      id = members[:id]
      unless id.nil?
        names = ["#{WSQueue.named(id)}.json", "at-#{WSQueue.named(id)}.json"]
        waiting = names.find { |name| owner(name) == Process.euid }
        return receipt(id.to_s, waiting, false) if waiting
        name = names[due ? 1 : 0]
        state = store(text, name, due || WSQueue.next_name[0, 19].to_i)
        return receipt(id.to_s, name, state == :new) unless state == :other
      end
      stem = due ? "at-#{WSQueue.next_name(due)}" : WSQueue.next_name
      store(text, "#{stem}.json")
      receipt(id.nil? ? stem : id.to_s, "#{stem}.json")
    end

    def text(event, payload, members, due = nil)
      WSQueue.check(event, members)
      begin
        text = @encode ? @encode.call(payload) : JSON.generate(payload, max_nesting: 511)
        JSON.parse(text, max_nesting: 511) if @encode
      rescue JSON::JSONError, EncodingError, TypeError => error
        raise Refused, "the payload cannot be encoded as JSON: #{error.message}"
      end
      now = due || WSQueue.now
      rest = { timestamp: now / 1_000_000_000, queued_at: now / 1000 / 1e6 }.merge(members.compact)
      text = "{\"event\":#{JSON.generate(event)},\"payload\":#{text},#{JSON.generate(rest)[1..]}"
      return text if text.bytesize < LIMIT
      raise Refused, "the event is larger than the #{LIMIT} bytes that the server takes: publish a reference"
    end

    # Writes a hidden file and gives it its name; with a time, which it gets, the name may be taken: see reveal.
    def store(text, name, modified = nil)
      hidden, step, state = ".#{WSQueue.next_name}.json.tmp", "create a file", :new
      begin
        File.open(path(hidden), File::WRONLY | File::CREAT | File::EXCL | File::NOFOLLOW, 0o600) do |file|
          step = "write the event"
          file.write(text)
          file.flush
          file.chmod(@mode) # Whatever the umask is, the server must be able to read it.
          file.fdatasync if @sync
        end
        set_time(path(hidden), modified) if modified
        step = "name the event"
        modified ? state = reveal(hidden, name) : File.rename(path(hidden), path(name))
        File.unlink(path(hidden)) unless state == :new
      rescue Exception => error # Also of a signal: nothing is left that was not published.
        begin
          File.unlink(path(hidden))
        rescue SystemCallError
          nil
        end
        raise error unless error.is_a?(SystemCallError)
        raise PublishError.new(error, step, @directory)
      end
      sync_names
      state
    end

    # Gives a file its name unless that is taken: :new, or who has it, :ours or :other.
    def reveal(hidden, name)
      File.link(path(hidden), path(name))
      File.unlink(path(hidden))
      :new
    rescue Errno::EEXIST
      return owner(name) == Process.euid ? :ours : :other if owner(name)
      File.rename(path(hidden), path(name))
      :new
    rescue Errno::EPERM, Errno::EOPNOTSUPP, Errno::ENOSYS, Errno::EMLINK, NotImplementedError
      # A file system without links.
      return owner(name) == Process.euid ? :ours : :other if exist?(path(name))
      File.rename(path(hidden), path(name))
      :new
    end

    def sync_names
      return unless @sync
      begin
        directory = File.open(@directory)
      rescue SystemCallError
        return # A drop box that only takes.
      end
      directory.fsync
    rescue SystemCallError => error
      raise PublishError.new(error, "sync the event, which is queued and not to be published again,", @directory)
    ensure
      directory&.close
    end

    def held(word)
      _, id, random = */\A(.+)\.([a-z0-5]{16})\z/m.match(word)
      (id ? [WSQueue.named(id), *(OURS.match?(id) ? [id] : [])] : []).each do |stem|
        name = ".held-#{stem}.#{random}.json"
        return [id, name] if exist?(path(name))
      end
      raise NotHeld, "no event is held under '#{word}' in the queue directory #{@directory}: it was released or " \
                     "aborted before, or held in another queue; give the word that hold gave"
    end

    def remove(names, message)
      names.each do |name|
        return File.unlink(path(name)) && nil
      rescue Errno::ENOENT
        next
      rescue SystemCallError => error
        raise PublishError.new(error, "remove the event", @directory)
      end
      raise NotHeld, "#{message} in the queue directory #{@directory}"
    end

    def set_time(file, nanoseconds)
      time = Time.at(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000, :nsec)
      File.utime(time, time, file)
    end

    def owner(name)
      status = File.lstat(path(name))
      # What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
      return nil if status.file? && status.nlink > 1 && status.owned?
      status.file? ? status.uid : -1
    rescue SystemCallError
      nil
    end

    def exist?(path)
      File.lstat(path) && true
    rescue SystemCallError
      false
    end

    def why(name)
      File.read(path(".failed", "#{name}.why")).strip
    rescue SystemCallError
      ""
    end

    def clock
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def path(*names)
      File.join(@directory, *names)
    end

    def receipt(id, name, is_new = true)
      Receipt.new(id, path(name), is_new)
    end
  end
end

if $PROGRAM_NAME == __FILE__
  # ruby wsqueue.rb DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
  directory, event, payload, members = ARGV.map { |word| word.dup.force_encoding(Encoding::UTF_8) }
  WSQueue.publish(
    directory, event, JSON.parse(payload || "null"), **JSON.parse(members || "{}", symbolize_names: true))
end

package WSQueue;

use strict;
use warnings;
use Digest::SHA ();
use Errno qw(EACCES EEXIST EFBIG EMFILE EMLINK ENAMETOOLONG ENOENT ENOSYS ENOTDIR ENXIO EOPNOTSUPP EPERM EROFS);
use Fcntl qw(O_CREAT O_EXCL O_NOFOLLOW O_NONBLOCK O_RDONLY O_WRONLY S_ISFIFO S_ISREG);
use File::Basename ();
use IO::Handle ();
use JSON::PP ();
use Time::HiRes ();

our $VERSION = '0.2.0';

my $limit = 1_048_576;            # bytes of an event that the server takes
my $batch_limit = 67_108_864;     # bytes of a batch
my $farthest = 366 * 86_400;      # seconds that an event may wait for its time

# What a member must be, and how it is written: Perl's numbers may be texts, and its texts numbers.
my $label = sub {
    my $bytes = my $text = $_[0];
    return undef if ref $text || $text eq '' || $text =~ /[\x00-\x1f\x7f-\x9f\x{d800}-\x{dfff}]/;
    utf8::encode($bytes);
    return length $bytes < 256 ? $text : undef;
};
my $integer = sub { !ref $_[0] && $_[0] =~ /\A-?(?:0|[1-9][0-9]{0,17})\z/ ? 0 + $_[0] : undef };
my $user = sub { ref $_[0] ? undef : $integer->($_[0]) // $label->($_[0]) };
my $channel = sub { !ref $_[0] && $_[0] =~ /\A[A-Za-z0-9._:-]{1,255}\z/ ? "$_[0]" : undef };
my $time = sub { !ref $_[0] && $_[0] =~ /\A-?[0-9]{1,18}(?:\.[0-9]+)?\z/ ? 0 + $_[0] : undef };
my $clear = sub { ref $_[0] eq 'JSON::PP::Boolean' ? $_[0] : undef };

sub list {
    my ($check, $least, $is_alone, $most) = @_;
    return sub {
        return $is_alone ? $check->($_[0]) : undef unless ref $_[0] eq 'ARRAY';
        my @checked = map { defined $_ ? $check->($_) : undef } @{ $_[0] };
        return undef if @checked < $least || @checked > ($most // 1024) || grep { !defined } @checked;
        return \@checked;
    };
}

my %members = (
    id => $user, channel => list($channel, 1, 1, $limit), channels => list($channel, 1, 1, $limit),
    recipients => list($user, 0, 0), except => list($integer, 0, 1), except_users => list($user, 0, 1), key => $user,
    clear => $clear, timestamp => $time, queued_at => $time, expires_at => $time, traceparent => $label,
);

# The member that a name was most likely meant to be: the one whose beginning and end it shares.
sub meant {
    my $plain = sub { my $text = lc shift; $text =~ tr/_-//d; $text };
    my ($name, $nearest, $far) = ($plain->(shift), '', 3);
    for my $member (sort(keys %members), 'event', 'payload') {
        my ($other, $start, $end) = ($plain->($member), 0, 0);
        my ($least, $most) = sort { $a <=> $b } length $name, length $other;
        $start++ while $start < $least && substr($name, $start, 1) eq substr($other, $start, 1);
        $end++ while $end < $least - $start && substr($name, -1 - $end, 1) eq substr($other, -1 - $end, 1);
        ($nearest, $far) = ("; is '$member' meant?", $most - $start - $end) if $most - $start - $end < $far;
    }
    return $nearest;
}

sub refuse { die WSQueue::Refused->new(message => $_[0]) }

# Dies of what the server would refuse, and of members that it does not know; gives the event as it is written.
sub checked {
    my ($event, %given) = @_;
    refuse("'event' has to be a text of 1 to 255 bytes without control characters")
        unless defined $label->($event // '');
    for my $name (sort keys %given) {
        refuse("'$name' is no member of an event" . meant($name)) unless $members{$name};
        next unless defined $given{$name};
        $given{$name} = $members{$name}->($given{$name}) // refuse("'$name' is not as it should be");
    }
    my @some = grep { defined $_ && !(ref $_ && !@$_) } @given{qw(except except_users)};
    refuse("'clear' wants a 'key'") if !defined $given{key} && $given{clear};
    refuse("'key' cannot stand beside 'recipients', 'except' and 'except_users'")
        if defined $given{key} && (defined $given{recipients} || @some);
    return (event => "$event", %given);
}

# Of this process: names are each later than the one before, also when the clock is set back.
my ($last, $count, $urandom) = (0, 0);

sub random_bytes {
    my $bytes = '';
    sysopen($urandom, '/dev/urandom', O_RDONLY) or die "/dev/urandom: $!\n" unless $urandom;
    sysread($urandom, $bytes, $_[0]) == $_[0] or die "/dev/urandom: $!\n";
    return $bytes;
}

sub nanoseconds {
    my ($seconds, $microseconds) = Time::HiRes::gettimeofday();
    return $seconds * 1_000_000_000 + $microseconds * 1_000;
}

sub next_name {
    my ($due) = @_;
    $count++;
    # Microseconds: a file's time, which orders events with ids, is not set more exactly here.
    my $now = nanoseconds();
    $last = $now > $last ? $now : $last + 1_000 unless defined $due;
    return sprintf '%s%019d-%d-%d-%s', defined $due ? 'at-' : '', defined $due ? $due + $count : $last, $$, $count,
        unpack 'H8', random_bytes(4);
}

my $ours = qr/\A(?:at-)?\d{19}-\d+-\d+-[A-Za-z0-9_.:\@+=,]+\z/;

# The name of the event with an id of its own.
sub named {
    my ($id) = @_;
    utf8::encode($id);
    my $safe = $id =~ s/([^A-Za-z0-9._:\@+=,-])/sprintf '%%%02x', ord $1/ger;
    return length $safe <= 197 ? "id-$safe" : 'id%' . Digest::SHA::sha1_hex($id);
}

sub new {
    my ($class, %options) = @_;
    $options{directory} //= default_directory();
    return bless { mode => 0644, %options }, $class;
}

sub publish {
    # WSQueue::publish($directory, …) is the short form; it gives the id.
    return WSQueue->new(directory => shift)->publish(@_)->{id} unless ref $_[0];
    my ($self, $event, $payload, %given) = @_;
    return $self->_put($event, $payload, \%given);
}

sub batch {
    my ($self, @events) = @_;
    my ($text, $number) = ('', 0);
    for my $one (@events) {
        $number++;
        my %given = %$one;
        my ($event, $payload) = delete @given{qw(event payload)};
        my $line = eval { $self->_text($event, $payload, \%given) };
        if (my $error = $@) {
            ref $error && $error->isa('WSQueue::Refused') or die $error;
            refuse("event $number of the batch: " . $error->message);
        }
        $line =~ tr/\r\n/  /;
        $text .= "$line\n";
    }
    refuse("the batch is larger than the $batch_limit bytes that the server takes: publish parts")
        if length $text > $batch_limit;
    return undef unless @events;
    my $stem = next_name();
    $self->_store($text, "$stem.jsonl");
    return $self->_receipt($stem, "$stem.jsonl", 1);
}

sub at {
    my ($self, $when, $event, $payload, %given) = @_;
    refuse('an event may wait for a year at most: publish it nearer to its time') if $when > time + $farthest;
    return $self->_put($event, $payload, \%given, $when > 0 ? int($when * 1e6) * 1_000 : 0);
}

sub in {
    my ($self, $seconds, @event) = @_;
    return $self->at(Time::HiRes::time() + $seconds, @event);
}

sub cancel {
    my ($self, $id) = @_;
    my @names = ('at-' . named($id) . '.json', $id =~ /\Aat-/ && $id =~ $ours ? "$id.json" : ());
    return $self->_remove("no event waits for its time under the id '$id'", @names);
}

sub hold {
    my ($self, $event, $payload, %given) = @_;
    my $stem = defined $given{id} ? named($given{id}) : next_name();
    # It is to have the id that is told now, and its file gets another name when it is released.
    my $id = $given{id} //= $stem;
    my $random = join '', map { ('a' .. 'z', 0 .. 5)[ord($_) & 31] } split //, random_bytes(16);
    $self->_store($self->_text($event, $payload, \%given) . "\n", ".held-$stem.$random.json");
    return "$id.$random";
}

sub release {
    my ($self, $word) = @_;
    my ($id, $held) = $self->_held($word);
    my ($stem, $name, $state) = (next_name(), named($id) . '.json', 'other');
    my $path = $self->_path($held);
    my $is_done = set_time($path, substr($stem, 0, 19));
    $is_done = $state = $self->_reveal($held, $name) if $is_done && $held =~ /\A\.held-id/;
    $is_done = unlink $path if $is_done && $state eq 'ours';
    $is_done = rename $path, $self->_path($name = "$stem.json") if $is_done && $state eq 'other';
    $self->_fail('release the event') unless $is_done;
    $self->_sync_names;
    return $self->_receipt($id, $name, $state ne 'ours');
}

sub abort {
    my ($self, $word) = @_;
    return $self->_remove("no event is held under '$word'", ($self->_held($word))[1]);
}

sub wait {
    my ($self, $receipt, $seconds) = @_;
    $seconds //= 5;
    my $name = File::Basename::basename($receipt->{path});
    my $failed = $self->_path('.failed', $name);
    my $refused = sub {
        my $why = '';
        if (open my $file, '<:encoding(UTF-8)', "$failed.why") { $why = <$file> // ''; chomp $why }
        return { state => 'refused', reason => $why };
    };
    if (!sysopen my $file, $self->_path($name), O_RDONLY | O_NONBLOCK | O_NOFOLLOW) {
        $self->_fail("wait for the event, which is queued as $name,") unless $! == ENOENT;
        return -l $failed || -e _ ? $refused->() : { state => 'sent', reason => '' };
    } else {
        my $start = my $served = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
        for (my $pause = 0.0005; lstat $self->_path($name); $pause = $pause < 0.01 ? 2 * $pause : 0.02) {
            my $is_served = is_served($self->{directory});
            my $now = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
            $served = $now if $is_served ne 'no';
            return { state => $is_served eq 'no' ? 'no server' : 'queued', reason => '' }
                if $now - $start >= $seconds || $now - $served > 1;
            Time::HiRes::sleep($pause);
        }
        return (stat $file)[3] == 0 ? { state => 'sent', reason => '' } : $refused->();
    }
}

sub _put {
    my ($self, $event, $payload, $given, $due) = @_;
    my $text = $self->_text($event, $payload, $given, $due) . "\n";
    my $id = $given->{id};
    if (defined $id) {
        my @names = (named($id) . '.json', 'at-' . named($id) . '.json');
        for my $name (@names) {
            return $self->_receipt($id, $name, 0) if $self->_owner($name) == $>;
        }
        my $name = $names[ defined $due ? 1 : 0 ];
        my $state = $self->_store($text, $name, $due // substr next_name(), 0, 19);
        return $self->_receipt($id, $name, $state eq 'new') if $state ne 'other';
    }
    my $stem = next_name($due);
    $self->_store($text, "$stem.json");
    return $self->_receipt($id // $stem, "$stem.json", 1);
}

sub _text {
    my ($self, $event, $payload, $given, $due) = @_;
    my %event = checked($event, %$given);
    my $json = JSON::PP->new->utf8->allow_nonref->max_depth(511);
    my $now = ($due // nanoseconds()) / 1e9;
    my %rest = (timestamp => int $now, queued_at => 0 + sprintf('%.6f', $now));
    $rest{$_} = $event{$_} for grep { defined $event{$_} } keys %event;
    delete $rest{event};
    my $text = eval {
        my $made = $self->{encode} ? $self->{encode}->($payload) : $json->encode($payload);
        $json->decode($made) if $self->{encode};
        $made;
    };
    refuse("the payload cannot be encoded as JSON: $@" =~ s/ at \S+ line \d+.*//sr) unless defined $text;
    $text = '{"event":' . $json->encode($event{event}) . ",\"payload\":$text," . substr $json->encode(\%rest), 1;
    refuse("the event is larger than the $limit bytes that the server takes: publish a reference")
        if length $text >= $limit;
    return $text;
}

# Writes a hidden file and gives it its name; with a time, which it gets, the name may be taken: see _reveal.
sub _store {
    my ($self, $text, $name, $modified) = @_;
    my $hidden = '.' . next_name() . '.json.tmp';
    my ($path, $step, $file, $state) = ($self->_path($hidden), 'create a file', undef, 'new');
    my $is_done = sysopen $file, $path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600;
    if ($is_done) {
        $step = 'write the event';
        # A write that is cut short is followed by one that tells why.
        for (my $at = 0; $is_done && $at < length $text;) {
            my $written = syswrite $file, $text, length($text) - $at, $at;
            $is_done = defined $written;
            $at += $written // 0;
        }
        $is_done &&= chmod $self->{mode}, $file;    # Whatever the umask is, the server must be able to read it.
        $is_done &&= $file->sync if $self->{sync};
        $is_done &&= close $file;
        $is_done &&= set_time($path, $modified) if defined $modified;
    }
    if ($is_done) {
        $step = 'name the event';
        $is_done = defined $modified ? ($state = $self->_reveal($hidden, $name)) : rename $path, $self->_path($name);
    }
    my $number = $!;
    unlink $path if !$is_done || $state ne 'new';
    $! = $number;
    $self->_fail($step) unless $is_done;
    $self->_sync_names;
    return $state;
}

# Gives a file its name unless that is taken: "new", or who has it, "ours" or "other"; false where it cannot.
sub _reveal {
    my ($self, $hidden, $name) = @_;
    my ($from, $to) = ($self->_path($hidden), $self->_path($name));
    my $owner = sub { $self->_owner($name) == $> ? 'ours' : 'other' };
    return unlink($from) && 'new' if link $from, $to;
    if ($! == EEXIST) {
        return $owner->() if $self->_owner($name) != -1;
        return rename($from, $to) && 'new';
    }
    return undef unless grep { $! == $_ } EPERM, EOPNOTSUPP, ENOSYS, EMLINK;
    # A file system without links.
    return $owner->() if lstat $to;
    return rename($from, $to) && 'new';
}

sub _sync_names {
    my ($self) = @_;
    # A drop box only takes, and cannot be opened.
    return unless $self->{sync} && sysopen my $directory, $self->{directory}, O_RDONLY;
    $directory->sync or $self->_fail('sync the event, which is queued and not to be published again,');
}

sub _held {
    my ($self, $word) = @_;
    if (my ($id, $random) = $word =~ /\A(.+)\.([a-z0-5]{16})\z/s) {
        for my $stem (named($id), $id =~ $ours ? $id : ()) {
            my $name = ".held-$stem.$random.json";
            return ($id, $name) if lstat $self->_path($name);
        }
    }
    die WSQueue::NotHeld->new(message => "no event is held under '$word' in the queue directory $self->{directory}: "
        . 'it was released or aborted before, or held in another queue; give the word that hold gave');
}

sub _remove {
    my ($self, $message, @names) = @_;
    for my $name (@names) {
        return if unlink $self->_path($name);
        $self->_fail('remove the event') unless $! == ENOENT;
    }
    die WSQueue::NotHeld->new(message => "$message in the queue directory $self->{directory}");
}

sub _fail {
    my ($self, $step) = @_;
    my ($number, $reason) = (0 + $!, "$!");
    my $advice = 'nothing was published: make room, look at the disk (df, df -i, quota, dmesg), then publish again';
    $advice = 'create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)'
        if $number == ENOENT || $number == ENOTDIR;
    $advice = "let user $> create files there (ls -ld, usermod -aG GROUP), or run as one who may"
        if $number == EACCES || $number == EPERM;
    $advice = 'its file system is mounted read-only: mount it read-write, or move the queue' if $number == EROFS;
    $advice = 'its file system takes no name so long: give the event a shorter id' if $number == ENAMETOOLONG;
    $advice = 'nothing was published: raise the limit for files (ulimit -f), then publish again' if $number == EFBIG;
    $advice = 'nothing was published: publish again later' if $number == EMFILE;
    die WSQueue::PublishError->new(
        errno => $number, directory => $self->{directory}, advice => $advice,
        message => "cannot $step in the queue directory $self->{directory}: $reason; $advice");
}

sub set_time {
    my ($path, $nanoseconds) = @_;
    # Half a microsecond more than it is to be: a number of Perl's is not exact enough to be cut off there.
    my $time = (substr($nanoseconds, 0, -3) + 0.5) / 1e6;
    return Time::HiRes::utime($time, $time, $path);
}

sub _owner {
    my ($self, $name) = @_;
    my @status = lstat $self->_path($name) or return -1;
    # What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
    return -1 if S_ISREG($status[2]) && $status[3] > 1 && $status[4] == $>;
    return S_ISREG($status[2]) ? $status[4] : -2;
}

sub _path { my ($self, @names) = @_; return join '/', $self->{directory}, @names }

sub _receipt {
    my ($self, $id, $name, $is_new) = @_;
    return { id => "$id", path => $self->_path($name), is_new => $is_new ? 1 : 0 };
}

# Whether a server holds the queue: "yes", "no", or "unknown".
sub is_served {
    my ($directory) = @_;
    my @whole = stat $directory or return 'unknown';
    if (sysopen my $fifo, "$directory/.server", O_WRONLY | O_NONBLOCK | O_NOFOLLOW) {
        my @status = stat $fifo;
        return S_ISFIFO($status[2]) && (grep { $status[4] == $_ } 0, $>, $whole[4]) ? 'yes' : 'unknown';
    }
    return 'unknown' unless $! == ENXIO || $! == ENOENT;
    # A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
    my @address = lstat "$directory/.address";
    return @address && time - $address[9] < 10 ? 'unknown' : 'no';
}

# ./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists.
sub default_directory {
    my $installed = '/var/spool/wsqueue';
    return $ENV{WSQUEUE_DIR} if length($ENV{WSQUEUE_DIR} // '');
    return 'queue' unless -d $installed;
    my @owners = ((lstat 'queue')[4] // -1, (stat 'queue')[4] // -1);
    return (grep { $_ != 0 && $_ != $> } @owners) || is_served('queue') ne 'yes' ? $installed : 'queue';
}

package WSQueue::Error;
use overload '""' => sub { $_[0]{message} . "\n" }, bool => sub { 1 }, fallback => 1;

sub new { my ($class, %self) = @_; return bless {%self}, $class }
sub message { $_[0]{message} }

package WSQueue::Refused;
our @ISA = 'WSQueue::Error';

package WSQueue::NotHeld;
our @ISA = 'WSQueue::Error';

package WSQueue::PublishError;
our @ISA = 'WSQueue::Error';

sub errno { $_[0]{errno} }
sub directory { $_[0]{directory} }
sub advice { $_[0]{advice} }

package WSQueue;

unless (caller) {
    # perl WSQueue.pm DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
    my ($directory, $event, $payload, $members) = @ARGV;
    utf8::decode($event) or die "'event' has to be UTF-8\n";
    my $json = JSON::PP->new->utf8->allow_nonref;
    publish($directory, $event, $json->decode($payload // 'null'), %{ $json->decode($members // '{}') });
}

1;

__END__

=encoding UTF-8

=head1 NAME

WSQueue - publishes events to wsqueue-server by putting files into its queue directory

=head1 SYNOPSIS

    my $queue = WSQueue->new;                                   # of WSQUEUE_DIR; or directory => 'queue'
    $queue->publish('order.created', { id => 7 }, channel => 'orders');
    $queue->batch({ event => 'a', payload => 1 }, { event => 'b', channel => 'orders' });
    $queue->in(600, 'tea.ready', undef, id => 'tea');           # and at($unix_seconds, …)
    $queue->cancel('tea');
    my $word = $queue->hold('order.created', { id => 7 });      # before a commit
    $queue->release($word);                                     # after it; abort($word) after a rollback
    $queue->wait($queue->publish('hello'))->{state};            # sent, refused, queued, or no server

=head1 DESCRIPTION

No connection is made: publishing works with the server down, and the events wait. Only what comes with Perl is used.

C<new> takes C<directory>, C<encode> (makes JSON, as bytes, of a payload), C<sync> (an event survives a power cut, too)
and C<mode> (of the files, which the server must be able to read). What is published is told as C<{ id, path, is_new }>; an
event whose id is that of one that still waits is not written again.

=head1 ERRORS

Where a call dies nothing is published: a C<WSQueue::Refused> for what the server would refuse, a
C<WSQueue::PublishError> (C<errno>, C<directory>, C<advice>) for a directory that cannot be written, a
C<WSQueue::NotHeld> for a word that holds nothing. Each is its message as a text.

=cut

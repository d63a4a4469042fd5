package WSQueue;
# Publishes events from Perl: write under a name that begins with a dot, then rename. Only what comes with Perl is used.
use strict;
use warnings;
use Fcntl qw(O_CREAT O_EXCL O_WRONLY);
use JSON::PP ();
use Time::HiRes ();

my $limit = 1_048_576;    # bytes of an event that the server takes
my $last = 0;

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
my $time = sub { !ref $_[0] && $_[0] =~ /\A-?[0-9]{1,20}(?:\.[0-9]+)?\z/ ? 0 + $_[0] : undef };
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

# Dies of what the server would refuse, and of members that it does not know; gives the event as it is written.
sub checked {
    my ($event, %given) = @_;
    die "'event' has to be a text of 1 to 255 bytes without control characters\n" unless defined $label->($event // '');
    for my $name (sort keys %given) {
        die "'$name' is no member of an event" . meant($name) . "\n" unless $members{$name};
        next unless defined $given{$name};
        $given{$name} = $members{$name}->($given{$name}) // die "'$name' is not as it should be\n";
    }
    my @some = grep { defined $_ && !(ref $_ && !@$_) } @given{qw(except except_users)};
    die "'clear' wants a 'key'\n" if !defined $given{key} && $given{clear};
    die "'key' cannot stand beside 'recipients', 'except' and 'except_users'\n"
        if defined $given{key} && (defined $given{recipients} || @some);
    return (event => "$event", %given);
}

# Queues one event for wsqueue-server and gives its id; %members are further ones, such as channel => 'orders'.
sub publish {
    my ($directory, $event, $payload, %given) = @_;
    my %event = checked($event, %given);
    # Always later than the last one: a clock set back must not turn this process's order round.
    my ($seconds, $microseconds) = Time::HiRes::gettimeofday();
    my $now = $seconds * 1_000_000_000 + $microseconds * 1_000;
    $last = $now > $last ? $now : $last + 1;
    my $name = sprintf '%019d-%d-1-%08x', $last, $$, int rand 2**32;
    my $text = JSON::PP->new->utf8->allow_nonref->encode({ timestamp => time, %event, payload => $payload });
    die "the event is larger than the $limit bytes that the server takes\n" if length $text > $limit;
    my $hidden = "$directory/.$name.tmp";
    my $file;
    my $is_done = sysopen($file, $hidden, O_WRONLY | O_CREAT | O_EXCL)
        && (syswrite($file, $text) // -1) == length $text
        && chmod(0644, $file)    # Whatever the umask is, the server must be able to read it.
        && close($file) && rename $hidden, "$directory/$name.json";
    return $event{id} // $name if $is_done;
    my $reason = $! || 'the disk is full';
    unlink $hidden;
    die "cannot publish $event in $directory: $reason\n";
}

unless (caller) {
    # perl WSQueue.pm DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
    my ($directory, $event, $payload, $members) = @ARGV;
    utf8::decode($event) or die "'event' has to be UTF-8\n";
    my $json = JSON::PP->new->utf8->allow_nonref;
    publish($directory, $event, $json->decode($payload // 'null'), %{ $json->decode($members // '{}') });
}

1;

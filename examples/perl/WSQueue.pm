package WSQueue;
# Publishes events from Perl: write under a name that begins with a dot, then rename. Only what comes with Perl is used.
use strict;
use warnings;
use Fcntl qw(O_CREAT O_EXCL O_WRONLY);
use JSON::PP ();
use Time::HiRes ();

my $last = 0;

# Queues one event for wsqueue-server and gives its id; %members are further ones, such as channel => 'orders'.
sub publish {
    my ($directory, $event, $payload, %members) = @_;
    # Always later than the last one: a clock set back must not turn this process's order round.
    my ($seconds, $microseconds) = Time::HiRes::gettimeofday();
    my $now = $seconds * 1_000_000_000 + $microseconds * 1_000;
    $last = $now > $last ? $now : $last + 1;
    my $name = sprintf '%019d-%d-1-%08x', $last, $$, int rand 2**32;
    my $text = JSON::PP->new->utf8->encode({ event => $event, payload => $payload, timestamp => time, %members });
    my $hidden = "$directory/.$name.tmp";
    my $file;
    my $is_done = sysopen($file, $hidden, O_WRONLY | O_CREAT | O_EXCL)
        && (syswrite($file, $text) // -1) == length $text
        && chmod(0644, $file)    # Whatever the umask is, the server must be able to read it.
        && close($file) && rename $hidden, "$directory/$name.json";
    return $name if $is_done;
    my $reason = $! || 'the disk is full';
    unlink $hidden;
    die "cannot publish $event in $directory: $reason\n";
}

unless (caller) {
    my ($directory, $event, $payload) = @ARGV;
    publish($directory, $event, JSON::PP->new->utf8->allow_nonref->decode($payload // 'null'));
}

1;

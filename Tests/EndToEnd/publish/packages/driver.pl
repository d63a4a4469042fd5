# Calls the installed package as each line of standard input says, and answers by a line: see ../test_packages.py.
use strict;
use warnings;
use JSON::PP;
use WSQueue;

my $json = JSON::PP->new->utf8->allow_nonref->max_depth(2000);
my $plain = WSQueue->new;
my $coded = WSQueue->new(encode => sub { $_[0]{raw} });
$| = 1;

while (my $line = <STDIN>) {
    my $given = $json->decode($line);
    my $queue = $given->{encoded} ? $coded : $plain;
    my ($call, @event) = ($given->{call}, $given->{event}, $given->{payload}, %{ $given->{members} // {} });
    my $is = eval {
        scalar(
            $call eq 'batch' ? $queue->batch(@{ $given->{events} })
            : $call eq 'at' || $call eq 'in' ? $queue->$call($given->{when}, @event)
            : $call eq 'publish' || $call eq 'hold' ? $queue->$call(@event)
            : $call eq 'wait' ? $queue->wait($given->{receipt}, $given->{seconds})
            : $queue->$call($given->{word}));
    };
    my $said = { is => $is };
    if (my $error = $@) {
        ref $error or die $error;
        $said = { error => (ref $error) =~ s/.*:://r, says => $error->message };
    }
    print $json->encode($said), "\n";
}

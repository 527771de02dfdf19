#!/usr/bin/perl
# The loop of the ancestor, POE::Component::Jabber: findnodes on the node, filter after filter, with
# the expression as a string. Reads a question of JSON a line, answers with a line.
use strict;
use warnings;
use Digest::SHA;
use JSON::PP;
use Time::HiRes qw(clock time);
use XML::LibXML;

$| = 1;
binmode STDIN, ':raw';
my $json   = JSON::PP->new->utf8->canonical;
my $parser = XML::LibXML->new;
my ( @nodes, @expressions );

sub matches {
    my ($node) = @_;
    my @found;
    for my $i ( 0 .. $#expressions ) {
        # A list for a node-set; one object of a plain value else, which is true or false itself.
        my @result = $node->findnodes( $expressions[$i] );
        push @found, $i if @result;
    }
    return @found;
}

while ( my $line = <STDIN> ) {
    my $question = $json->decode($line);
    my %answer;
    if ( $question->{call} eq 'prepare' ) {
        @nodes       = map { $parser->parse_string($_)->documentElement } @{ $question->{stanzas} } if !@nodes;
        @expressions = @{ $question->{expressions} };
        %answer      = ( compile => undef );
    }
    elsif ( $question->{call} eq 'check' ) {
        my $sha = Digest::SHA->new(256);
        my $n   = 0;
        for my $i ( 0 .. $question->{stanzas} - 1 ) {
            my @found = matches( $nodes[$i] );
            $n += @found;
            $sha->add( join( ',', @found ) . ';' );
        }
        %answer = ( matches => $n, digest => $sha->hexdigest );
    }
    else {
        my $from = time;
        my $cpu  = clock();
        my $n    = 0;
        $n += matches( $nodes[ $_ % @nodes ] ) for 0 .. $question->{stanzas} - 1;
        %answer = (
            wall    => ( time - $from ) * 1000,
            cpu     => ( clock() - $cpu ) * 1000,
            matches => $n,
            units   => $question->{stanzas},
        );
    }
    print $json->encode( \%answer ), "\n";
}

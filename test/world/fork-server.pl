# Starts processes for fork-server.ts, one fork each out of a process of a few MB. On standard input requests, each its
# length (32 bits, big-endian) and that many bytes; on standard output `ID STATUS` of each process that has ended, as a
# shell would have it. It ends with its standard input.
#
# A request is words that end with NULs: ID, "run", working directory, files for standard input, output and error, the
# number of arguments, the executable and its arguments, NAME=VALUE for each variable to set, NAME for one to take out.
# Or ID, "kill".
use strict;
use warnings;
use Errno qw(EINTR);
use POSIX qw(WNOHANG _exit);

my (%pids, %ids);
my $heard = "";

sub reap {
  while ((my $pid = waitpid(-1, WNOHANG)) > 0) {
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my $id = delete $ids{$pid};
    delete $pids{$id};
    syswrite(STDOUT, "$id $status\n");
  }
}

sub run {
  my ($id, $folder, $in, $out, $err, $count, @words) = @_;
  my @argv = splice(@words, 0, $count);
  my $pid = fork();
  die "fork: $!" unless defined $pid;
  if ($pid > 0) {
    $pids{$id} = $pid;
    $ids{$pid} = $id;
    return;
  }
  open(STDIN, "<", $in) && open(STDOUT, ">", $out) && open(STDERR, ">", $err) or _exit(126);
  for my $word (@words) {
    my ($name, $value) = split(/=/, $word, 2);
    if (defined $value) { $ENV{$name} = $value } else { delete $ENV{$name} }
  }
  if (!chdir($folder)) {
    print STDERR "$folder: $!\n";
  } else {
    no warnings "exec";
    exec { $argv[0] } @argv;
    print STDERR "$argv[0]: $!\n";
  }
  close(STDERR);
  _exit(127);
}

sub take {
  my ($id, $what, @rest) = @_;
  if ($what eq "run") { run($id, @rest) }
  elsif (exists $pids{$id}) { kill("KILL", $pids{$id}) }
}

$SIG{CHLD} = sub { };
while (1) {
  # A child that ends is a signal, which ends the wait; one that ended just before it is found by the next look.
  my $reading = "";
  vec($reading, 0, 1) = 1;
  my $ready = select($reading, undef, undef, %pids ? 0.02 : undef);
  reap();
  next unless $ready > 0;
  my $count = sysread(STDIN, $heard, 65536, length $heard);
  next if !defined $count && $! == EINTR;
  last unless $count;
  while (length $heard >= 4) {
    my $length = unpack("N", $heard);
    last if length $heard < 4 + $length;
    take(split(/\0/, substr($heard, 4, $length), -1));
    substr($heard, 0, 4 + $length) = "";
  }
}

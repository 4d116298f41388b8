# What src/sandbox/tctl-shim.ts does, started in a tenth of its time: hands a command line to the daemon of a sandbox and
# prints what comes back. `perl quick-tctl.pl FOLDER TOOL ARGUMENT…`; standard input is not read.
use strict;
use warnings;
use Cwd qw(getcwd);
use Socket;

my ($folder, $tool, @argv) = @ARGV;

sub unreachable {
  print STDERR qq(ERROR: Cannot connect to the auth server. Is the auth server running on "127.0.0.1:3025"?\n);
  exit 1;
}

sub quoted {
  my ($text) = @_;
  $text =~ s/([\x00-\x1f"\\])/sprintf("\\u%04x", ord $1)/ge;
  return qq("$text");
}

open(my $file, "<", "$folder/sandbox.json") or unreachable();
my $info = do { local $/; <$file> };
my ($port) = $info =~ /"port":\s*(\d+)/ or unreachable();
my ($token) = $info =~ /"token":\s*"([^"]+)"/ or unreachable();

socket(my $daemon, PF_INET, SOCK_STREAM, getprotobyname("tcp")) or unreachable();
connect($daemon, sockaddr_in($port, inet_aton("127.0.0.1"))) or unreachable();
my $words = join(",", map { quoted($_) } @argv);
my $request = sprintf('{"token":%s,"operation":"tool","tool":%s,"argv":[%s],"cwd":%s,"stdin":""}',
  quoted($token), quoted($tool), $words, quoted(getcwd()));
send($daemon, pack("CN", 0, length $request) . $request, 0) or unreachable();

sub bytes {
  my ($count) = @_;
  my $text = "";
  while (length $text < $count) {
    sysread($daemon, $text, $count - length $text, length $text) or return undef;
  }
  return $text;
}

$| = 1;
my $exit;
while (defined(my $header = bytes(5))) {
  my ($type, $length) = unpack("CN", $header);
  my $payload = bytes($length);
  last unless defined $payload;
  if ($type == 1) { print STDOUT $payload or exit 1 }
  elsif ($type == 2) { print STDERR $payload }
  elsif ($type == 3) { $exit = $payload }
}
unreachable() unless defined $exit;
exit $exit;

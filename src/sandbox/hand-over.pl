# What hand-over.ts does, started in a tenth of the time that Node takes, of which a tour of Talos would spend half a minute:
# `perl hand-over.pl FOLDER TOOL WORD… -- ARGUMENT…` lets the daemon of a sandbox run a command line and prints what comes
# back. Where no daemon answers, or the caller's side has a part in it, WORD… run it instead, with the same arguments.
# No module is loaded: each of them takes longer than all of this.
my ($folder, $tool) = splice @ARGV, 0, 2;
my @instead;
push @instead, $_ while @ARGV and ($_ = shift @ARGV) ne "--";

sub instead {
  exec { $instead[0] } @instead, @ARGV;
  exit 127;
}

# `tctl` reads a resource from standard input, and starts an editor.
instead() if $tool =~ /^tctl/ and (grep { $_ eq "edit" } @ARGV or @ARGV && $ARGV[-1] =~ /^(create|-)$/);

open my $file, "<", "$folder/sandbox.json" or instead();
my $info = do { local $/; <$file> };
my ($port) = $info =~ /"port":\s*(\d+)/ or instead();
my ($token) = $info =~ /"token":\s*"([^"]+)"/ or instead();

my $cwd = readlink "/proc/self/cwd";
if (!defined $cwd) {
  require Cwd;
  $cwd = Cwd::getcwd();
}

sub quoted {
  my ($text) = @_;
  $text =~ s/([\x00-\x1f"\\])/sprintf("\\u%04x", ord $1)/ge;
  return qq("$text");
}

my $words = join ",", map { quoted($_) } @ARGV;
my $env = join ",", map { quoted($_) . ":" . quoted($ENV{$_}) }
  grep { defined $ENV{$_} } qw(HOME KUBECONFIG TALOSCONFIG TALOS_HOME);
my $request = sprintf '{"token":%s,"operation":"tool","tool":%s,"argv":[%s],"cwd":%s,"stdin":"","env":{%s}}',
  quoted($token), quoted($tool), $words, quoted($cwd), $env;

# PF_INET, SOCK_STREAM and TCP are called alike on Linux and on macOS, whose address begins with its length.
my $address = pack $^O eq "linux" ? "S n C4 x8" : "xC n C4 x8", 2, $port, 127, 0, 0, 1;
socket my $daemon, 2, 1, 6 or instead();
connect $daemon, $address or instead();

$SIG{PIPE} = "IGNORE";

# Whole, also where somebody made the pipe one that does not wait.
sub put {
  my ($handle, $text) = @_;
  for (my $at = 0; $at < length $text;) {
    my $written = syswrite $handle, $text, length($text) - $at, $at;
    if (defined $written) { $at += $written }
    elsif ($! == 11 or $! == 35) { select undef, undef, undef, 0.01 }
    else { return 0 }
  }
  return 1;
}

sub bytes {
  my ($count) = @_;
  my $text = "";
  while (length $text < $count) {
    sysread $daemon, $text, $count - length $text, length $text or return undef;
  }
  return $text;
}

put($daemon, pack("CN", 0, length $request) . $request) or instead();
my $exit;
while (defined(my $header = bytes(5))) {
  my ($type, $length) = unpack "CN", $header;
  my $payload = bytes($length);
  last unless defined $payload;
  if ($type == 1) { put(\*STDOUT, $payload) or exit 1 }
  elsif ($type == 2) { put(\*STDERR, $payload) }
  elsif ($type == 3) { $exit = $payload }
}
instead() unless defined $exit;
exit $exit;

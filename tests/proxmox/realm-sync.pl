#!/usr/bin/perl
# What Proxmox VE asks of an LDAP realm, through the library it uses (Debian: libnet-ldap-perl, libio-socket-ssl-perl).
#
#   realm-sync.pl DOMAINS.CFG PASSWORD-FILE sync              prints users and groups of the first realm there, as JSON
#   realm-sync.pl DOMAINS.CFG PASSWORD-FILE login USER PASS   prints the bind's result code as JSON
#
# DOMAINS.CFG is as /etc/pve/domains.cfg, PASSWORD-FILE as /etc/pve/priv/realm/REALM.pw.
use strict;
use warnings;
use JSON::PP;
use Net::LDAP;
use Net::LDAP::Constant qw(LDAP_CONTROL_PAGED);
use Net::LDAP::Control::Paged;

my ($domains, $password_file, $task, $user, $password) = @ARGV;
my %realm = read_realm($domains);
my $base = $realm{base_dn};
my $ldap = connect_and_bind();
# Net::LDAP gives text as the bytes that came, which are UTF-8 already.
print JSON::PP->new->encode($task eq 'sync' ? sync() : login()), "\n";
$ldap->unbind;

sub read_realm {
  my ($file) = @_;
  open(my $lines, '<', $file) or die "$file: $!\n";
  my %properties;
  while (my $line = <$lines>) {
    last if $line =~ /^\S/ && %properties;
    $properties{$1} = $2 if $line =~ /^\t(\S+) (.*)$/;
  }
  return %properties;
}

sub connect_and_bind {
  my %options = $realm{verify} ? (verify => 'require', cafile => $realm{capath}) : (verify => 'none');
  my $port = $realm{port} // ($realm{mode} eq 'ldaps' ? 636 : 389);
  my $servers = [grep { defined } $realm{server1}, $realm{server2}];
  my $version = $realm{sslversion} // 'tlsv1_2';
  my $scheme = $realm{mode} eq 'ldaps' ? 'ldaps' : 'ldap';
  my $connection = Net::LDAP->new($servers, port => $port, scheme => $scheme, timeout => 10, sslversion => $version, %options)
    or die "connection: $@\n";
  if ($realm{mode} eq 'ldap+starttls') {
    my $started = $connection->start_tls(sslversion => $version, %options);
    die 'StartTLS: ' . $started->error . "\n" if $started->code;
  }
  my $bind = defined $realm{bind_dn} ? $connection->bind($realm{bind_dn}, password => first_line($password_file)) : $connection->bind;
  die 'bind: ' . $bind->error . "\n" if $bind->code;
  return $connection;
}

sub first_line {
  my ($file) = @_;
  open(my $lines, '<', $file) or die "$file: $!\n";
  chomp(my $line = <$lines>);
  return $line;
}

sub sync {
  my %mapped = map { /^(\w+)=(.*)$/ ? ($2 => $1) : () } split /,/, $realm{sync_attributes} // '';
  my @wanted = (qw(uid enable expire firstname lastname email comment keys), sort keys %mapped);
  my $any = join '', map { "($_=*)" } @wanted;
  my $classes = join '', map { "(objectclass=$_)" } qw(inetorgperson posixaccount person user);
  my (%users, %members);
  my $user_pages = paged("(&(|$any)(|$classes))", 900, [@wanted, 'memberOf'], sub {
    my ($entry) = @_;
    my %attributes = map { ($mapped{$_} => scalar $entry->get_value($_)) } keys %mapped;
    $users{lc $entry->dn} = { %attributes, uid => scalar $entry->get_value($realm{user_attr}) };
  });
  my $kinds = join '', map { "(objectclass=$_)" } qw(groupOfNames group univentionGroup ipausergroup);
  my $group_pages = paged("(|$kinds)", 100, [qw(member uniqueMember)], sub {
    my ($entry) = @_;
    # A member counts when its text is that of a user's DN, letter case aside.
    $members{$entry->dn} = [grep { defined } map { $users{lc $_}{uid} } $entry->get_value('member')];
  });
  return { users => [values %users], userPages => $user_pages, groups => \%members, groupPages => $group_pages };
}

# Reads all pages, hands each entry to $take and returns how many pages there were.
sub paged {
  my ($filter, $size, $attributes, $take) = @_;
  my $page = Net::LDAP::Control::Paged->new(size => $size);
  my $pages = 0;
  while (1) {
    my $found = $ldap->search(base => $base, scope => 'sub', filter => $filter, attrs => $attributes, control => [$page]);
    die 'search: ' . $found->error . "\n" if $found->code;
    $take->($_) for $found->entries;
    $pages++;
    my ($answer) = $found->control(LDAP_CONTROL_PAGED) or die "the page has no control in its answer\n";
    my $cookie = $answer->cookie;
    return $pages if !defined $cookie || $cookie eq '';
    $page->cookie($cookie);
  }
}

# The user is looked up and bound on one connection.
sub login {
  my $found = $ldap->search(base => $base, scope => 'sub', filter => "$realm{user_attr}=$user", attrs => ['dn']);
  my $entry = $found->entry(0) or return { found => JSON::PP::false };
  my $bind = $ldap->bind($entry->dn, password => $password);
  return { found => JSON::PP::true, dn => $entry->dn, code => $bind->code };
}

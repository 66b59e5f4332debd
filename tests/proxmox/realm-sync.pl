#!/usr/bin/perl
# What Proxmox VE asks of an LDAP realm, through the library it uses (Debian: libnet-ldap-perl, libio-socket-ssl-perl).
#
#   realm-sync.pl HOST PORT TLS-VERSION BASE sync              prints users and groups as JSON
#   realm-sync.pl HOST PORT TLS-VERSION BASE login USER PASS   prints the bind's result code as JSON
#
# TLS-VERSION is tlsv1_2, Proxmox's default, or tlsv1_3.
use strict;
use warnings;
use JSON::PP;
use Net::LDAP;
use Net::LDAP::Constant qw(LDAP_CONTROL_PAGED);
use Net::LDAP::Control::Paged;

my ($host, $port, $tls_version, $base, $task, $user, $password) = @ARGV;
my $ldap = Net::LDAP->new($host, port => $port, scheme => 'ldaps', sslversion => $tls_version, verify => 'none', timeout => 10)
  or die "connection: $@\n";
# Net::LDAP gives text as the bytes that came, which are UTF-8 already.
print JSON::PP->new->encode($task eq 'sync' ? sync() : login()), "\n";
$ldap->unbind;

sub sync {
  my $bind = $ldap->bind;
  die 'bind: ' . $bind->error . "\n" if $bind->code;
  my @wanted = qw(uid enable expire firstname lastname email comment keys mail);
  my $any = join '', map { "($_=*)" } @wanted;
  my $classes = join '', map { "(objectclass=$_)" } qw(inetorgperson posixaccount person user);
  my (%users, %members);
  my $user_pages = paged("(&(|$any)(|$classes))", 900, [@wanted, 'memberOf'], sub {
    my ($entry) = @_;
    $users{lc $entry->dn} = { uid => $entry->get_value('uid'), mail => $entry->get_value('mail') };
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
  my $found = $ldap->search(base => $base, scope => 'sub', filter => "uid=$user", attrs => ['dn']);
  my $entry = $found->entry(0) or return { found => JSON::PP::false };
  my $bind = $ldap->bind($entry->dn, password => $password);
  return { found => JSON::PP::true, dn => $entry->dn, code => $bind->code };
}

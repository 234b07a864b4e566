#include "config_fixture.h"

/* Wrong files: the push server. */
static const struct wrong_file files[] = {
	{ "a server without anything",
	  { { "orgs:\n", "push:\n"
			 "  per_minute: 1\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: is missing, expected an address to listen at\n"
	  "dorad.yaml:8: push.clients: is missing, expected a list" },
	{ "a port alone",
	  { { "orgs:\n", "push:\n"
			 "  listen: '9440'\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: \"9440\" is not an address to listen at, expected "
	  "one with a port such as 127.0.0.1:9440 or [::]:9440, or the path of a "
	  "socket" },
	{ "a port that is none",
	  { { "orgs:\n", "push:\n"
			 "  listen: 127.0.0.1:99999\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: \"127.0.0.1:99999\" is not an address to listen "
	  "at, expected one with a port such as 127.0.0.1:9440 or [::]:9440, or the path "
	  "of a socket" },
	{ "a host's name",
	  { { "orgs:\n", "push:\n"
			 "  listen: localhost:9440\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: \"localhost:9440\" is not an address to listen at, "
	  "expected one with a port such as 127.0.0.1:9440 or [::]:9440, or the path of "
	  "a socket" },
	{ "an address of IPv6 without brackets",
	  { { "orgs:\n", "push:\n"
			 "  listen: ::1:9440\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: \"::1:9440\" is not an address to listen at, "
	  "expected one with a port such as 127.0.0.1:9440 or [::]:9440, or the path of "
	  "a socket" },
	{ "a socket by a relative path",
	  { { "orgs:\n", "push:\n"
			 "  listen: run/dorad.sock\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: push.listen: \"run/dorad.sock\" is not an address to listen at, "
	  "expected one with a port such as 127.0.0.1:9440 or [::]:9440, or the path of "
	  "a socket" },
	{ "an address that others reach",
	  { { "orgs:\n", "push:\n"
			 "  listen: 0.0.0.0:9440\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: push.certificate: is missing, expected certificate and key with "
	  "an address that others reach" },
	{ "an address of IPv6 that others reach",
	  { { "orgs:\n", "push:\n"
			 "  listen: '[::]:9440'\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: push.certificate: is missing, expected certificate and key with "
	  "an address that others reach" },
	{ "a certificate without a key",
	  { { "orgs:\n", "push:\n"
			 "  listen: 127.0.0.1:9440\n"
			 "  certificate: /c\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: push.key: is missing, expected it with certificate" },
	{ "a key without a certificate",
	  { { "orgs:\n", "push:\n"
			 "  listen: 127.0.0.1:9440\n"
			 "  key: {env: K}\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: push.certificate: is missing, expected it with key" },
	{ "a certificate for a socket",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  certificate: /c\n"
			 "  key: {env: K}\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.certificate: does not fit a socket, expected it with an "
	  "address only" },
	{ "a key in no place",
	  { { "orgs:\n", "push:\n"
			 "  listen: 127.0.0.1:9440\n"
			 "  certificate: /c\n"
			 "  key: {}\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: push.key: names no place, expected one of credential, file or "
	  "env" },
	{ "no clients",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients: []\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.clients: is an empty list, expected at least 1 entry" },
	{ "a client without a credential",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients: [{name: a}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.clients[0]: has no credential, expected either token or "
	  "secret" },
	{ "a client with two credentials",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients: [{name: a, token: {env: T}, secret: {env: S}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.clients[0]: has two credentials, expected either token or "
	  "secret" },
	{ "a client's token in two places",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients: [{name: a, token: {env: T, file: /t}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.clients[0].token: names several places, expected one of "
	  "credential, file or env" },
	{ "two clients of a name",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients:\n"
			 "    - {name: a, token: {env: T}}\n"
			 "    - {name: a, token: {env: U}}\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: push.clients[1].name: \"a\" is taken by push.clients[0] (line "
	  "10), expected another name" },
	{ "a client's service near a known one",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  clients: [{name: a, token: {env: T}, services: [shpo]}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.clients[0].services[0]: \"shpo\" is not in services, did "
	  "you mean \"shop\"?" },
	{ "a client's unknown service",
	  { { "orgs:\n",
	      "push:\n"
	      "  listen: /s\n"
	      "  clients: [{name: a, token: {env: T}, services: [shop, billing]}]\n"
	      "orgs:\n" } },
	  "dorad.yaml:9: push.clients[0].services[1]: \"billing\" is not in services, "
	  "expected a name from there" },
	{ "no requests at all",
	  { { "orgs:\n", "push:\n"
			 "  listen: /s\n"
			 "  per_minute: 0\n"
			 "  clients: [{name: a, token: {env: T}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: push.per_minute: \"0\" is out of range, expected a number from "
	  "1 to 100000" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_push", faults, G_N_ELEMENTS(files));
}

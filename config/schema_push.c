#include "config/schema_private.h"

const cyaml_schema_field_t schema_push_client_fields[] = {
	STRING("name", 0, config_push_client, name, 1, FORMAT_NAME_MAX),
	SECRET("token", config_push_client, token),
	SECRET("secret", config_push_client, secret),
	LIST("services", OPTIONAL, config_push_client, services, n_services,
	     schema_name_entry, LIST_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_push_client_rows[] = {
	{ "name", "What the client is called in the log.", FORMAT_NAME },
	{ "token", "Where its bearer token is; or secret." },
	{ "secret", "Where the secret is that it signs with (HMAC-SHA256)." },
	{ "services", "The services it may speak of. Default: all.", FORMAT_NAME },
	{ NULL }
};
static ENTRY(push_client, config_push_client);

const cyaml_schema_field_t schema_push_fields[] = {
	STRING("listen", 0, config_push, listen, 1, TEXT_MAX_LENGTH),
	STRING("certificate", OPTIONAL, config_push, certificate, 1, TEXT_MAX_LENGTH),
	SECRET("key", config_push, key),
	LIST("clients", 0, config_push, clients, n_clients, schema_push_client_entry,
	     PARTS_MAX),
	NUMBER("per_minute", config_push, per_minute),
	CYAML_FIELD_END
};

const struct config_row schema_push_rows[] = {
	{ "listen",
	  "Where it listens: an address with a port, such as 127.0.0.1:9440 or "
	  "[::]:9440, or the path of a Unix socket.",
	  FORMAT_LISTEN },
	{ "certificate",
	  "The certificate chain (PEM) it shows. Required unless it listens on this "
	  "machine's loopback or a socket.",
	  FORMAT_ABSOLUTE },
	{ "key", "Where the certificate's private key is (PEM)." },
	{ "clients", "Who may speak to it." },
	{ "per_minute", "How many requests a client may make a minute.", FORMAT_ANY,
	  "600", 1, 100000 },
	{ NULL }
};

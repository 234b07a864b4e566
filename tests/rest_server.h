#pragma once

/* The small server behind rest_fixture.h, and what its drivers say of it. */
#include "tests/rest_fixture.h"

/* Paths: /updated?since=&page=, /recent?page=, /newest?page=, /number?page=,
 * /created?since=&until=&page=, /state, /item/ID, /jobs/ID. */
void server_answer(struct fixture *fixture, const struct http_request *request,
		   const char *url, struct http_response *response);

void response_fill(struct http_response *response, guint status, const char *headers,
		   const char *body);

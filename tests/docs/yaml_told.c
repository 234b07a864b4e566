#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "driver_rig.h"

/* yaml_told CONFIG ANSWER: what the first feed of the first source under sources.rest
 * makes of a file with an answer. */
int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) faults = NULL;
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(cJSON_Deletep) cJSON *json = NULL;
	g_autofree char *text = NULL, *told = NULL;

	if (argc != 3)
		return EXIT_FAILURE;
	config = config_load(argv[1], &faults);
	if (!config || config->sources->n_rest == 0 ||
	    !g_file_get_contents(argv[2], &text, NULL, NULL))
		return EXIT_FAILURE;
	json = json_parse(text, strlen(text), NULL);
	if (!json)
		return EXIT_FAILURE;
	told = answer_told(&config->sources->rest[0].api.driver->feeds[0], NULL, NULL,
			   json);
	fputs(told, stdout);
	return EXIT_SUCCESS;
}

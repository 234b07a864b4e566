#pragma once

/* "dorad alerts replay": what alerts would have told. argv[0] is the word. */
#include "collector/command.h"

extern const struct command alerts_replay;

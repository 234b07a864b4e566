#pragma once

#include <glib.h>

#define WINDOW 72 /* hours */

/* Worlds of a few words, times in hours.
 *   rollouts   "2b@30<25": revision 2 in group b (else a), finished at 30, started at 25.
 *              A digit has all lower digits behind it, a letter nothing, ? is missing,
 *              as is !, which ships something in another repository.
 *   repairs    "3 hotfix 1": rollout 3 (from 0) repairs 1; "before"; "nobody"
 *   incidents  "21-25": began and ended; "21-" is open. Then "/ab" the groups, "=2d" what
 *              its cause names and how (deployment, revision, change), "=x" that it
 *              names what is of another service, "+3" its fix.
 *   now        0: long after
 * What peers make of it, and what we do: of each rollout its kind, state with evidence
 * and end, and if it was unplanned; then of each incident its rollout. */
static const struct {
	const char *what, *peer, *rollouts, *repairs, *incidents;
	gint64 now;
	const char *states, *links;
} worlds[] = {
	{ .what = "nothing", .rollouts = "", .states = "", .links = "" },
	{ .what = "the first known is the baseline, the next is normal",
	  .peer = "DevLake: the first deployment's changes are dropped without a word",
	  .rollouts = "1@0 2@10",
	  .states = "baseline ok, normal ok" },

	/* ---- going back ---- */
	{ .what = "a rollback fails what it went back from",
	  .peer = "DevLake, GitLab, fourkeys, Middleware: one more deployment, no "
		  "failure",
	  .rollouts = "1@0 2@10 1@20",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned" },
	{ .what = "V1, V2, V3, V1: all that was between failed",
	  .rollouts = "1@0 2@10 3@20 1@30",
	  .states = "baseline ok, normal failed (rollback by 3) until 30, "
		    "normal failed (rollback by 3) until 30, rollback ok unplanned" },
	{ .what = "back in two steps: the first that marked it ended it",
	  .rollouts = "1@0 2@10 3@20 2@30 1@40",
	  .states = "baseline ok, normal failed (rollback by 4) until 40, "
		    "normal failed (rollback by 3, rollback by 4) until 30, "
		    "rollback failed (rollback by 4) until 40 unplanned, "
		    "rollback ok unplanned" },
	{ .what = "a rollback to a revision never deployed, but reached",
	  .rollouts = "1@0 3@10 2@20",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned" },
	{ .what = "behind everything that is known only the one before failed",
	  .rollouts = "3@0 4@10 1@20",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned" },
	{ .what = "forward again after a rollback goes behind nothing",
	  .rollouts = "1@0 2@10 1@20 2@30",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned, redeploy ok" },
	{ .what = "forward again on branches that do not reach each other, too",
	  .peer = "a second rollback, which the shape of the branches decides",
	  .rollouts = "1@0 a@10 b@20 a@30 b@40",
	  .states = "baseline ok, normal ok, normal failed (rollback by 3) until 30, "
		    "rollback ok unplanned, redeploy ok" },
	{ .what = "step by step, with a pause between",
	  .rollouts = "1@0 a@10 b@20 c@30 a@40 a@45 b@50 c@60",
	  .states = "baseline ok, normal ok, normal failed (rollback by 4) until 40, "
		    "normal failed (rollback by 4) until 40, rollback ok unplanned, "
		    "redeploy ok, redeploy ok, redeploy ok" },
	{ .what = "to what was before the one it went back to is back again",
	  .rollouts = "1@0 a@10 b@20 c@30 b@40 a@50",
	  .states = "baseline ok, normal ok, normal failed (rollback by 5) until 50, "
		    "normal failed (rollback by 4, rollback by 5) until 40, "
		    "rollback failed (rollback by 5) until 50 unplanned, "
		    "rollback ok unplanned" },
	{ .what = "from what came after the rollback it is back, too",
	  .rollouts = "1@0 a@10 b@20 a@30 c@40 b@50",
	  .states = "baseline ok, normal ok, normal failed (rollback by 3) until 30, "
		    "rollback failed (rollback by 5) until 50 unplanned, "
		    "normal failed (rollback by 5) until 50, rollback ok unplanned" },
	{ .what = "what nobody knows is between like anything else",
	  .rollouts = "1@0 ?@10 1@20",
	  .states = "baseline ok, revision_missing failed (rollback by 2) until 20, "
		    "rollback ok unplanned" },
	{ .what = "what ships from one repository and misses the revision of another "
		  "may repair",
	  .rollouts = "1@0 2@10 !@20",
	  .repairs = "2 hotfix before",
	  .states = "baseline ok, normal failed (hotfix by 2) until 20, "
		    "hotfix ok unplanned" },
	{ .what = "what misses its only revision repairs nothing",
	  .rollouts = "1@0 2@10 ?@20",
	  .repairs = "2 hotfix before",
	  .states = "baseline ok, normal ok, revision_missing ok" },
	{ .what = "the same commit twice in a row is no rollback",
	  .rollouts = "1@0 2@10 2@20",
	  .states = "baseline ok, normal ok, redeploy ok" },
	{ .what = "what was deployed again fails with the rest",
	  .rollouts = "1@0 2@10 2@20 1@30",
	  .states = "baseline ok, normal failed (rollback by 3) until 30, "
		    "redeploy failed (rollback by 3) until 30, rollback ok unplanned" },
	{ .what = "groups go back by themselves",
	  .peer = "DevLake: all regions are PRODUCTION, one chain",
	  .rollouts = "1a@0 1b@5 2a@10 2b@15 1a@20",
	  .states = "baseline ok, baseline ok, normal failed (rollback by 4) until 20, "
		    "normal ok, rollback ok unplanned" },

	/* ---- parallel pipelines ---- */
	{ .what = "an older one that finishes later was only slow",
	  .peer = "DevLake: the next diff may be empty or reversed",
	  .rollouts = "1@0 3@20<12 2@25<11",
	  .states = "baseline ok, normal ok, late ok" },
	{ .what = "started after the newer had finished, somebody went back",
	  .rollouts = "1@0 3@20<12 2@25<21",
	  .states = "baseline ok, normal failed (rollback by 2) until 25, "
		    "rollback ok unplanned" },
	{ .what = "started the moment the newer finished, likewise",
	  .rollouts = "1@0 3@20<12 2@25<20",
	  .states = "baseline ok, normal failed (rollback by 2) until 25, "
		    "rollback ok unplanned" },
	{ .what = "without a start nobody can tell, so it was a rollback",
	  .rollouts = "1@0 3@20 2@25",
	  .states = "baseline ok, normal failed (rollback by 2) until 25, "
		    "rollback ok unplanned" },
	{ .what = "three at a time, each overtaken: nobody failed",
	  .rollouts = "1@0 4@20<13 3@21<12 2@22<11",
	  .states = "baseline ok, normal ok, late ok, late ok" },
	{ .what = "nobody goes back from what had not finished, known or not",
	  .rollouts = "1@0 2@10 3@20 ?@30 3@40<25",
	  .states = "baseline ok, normal ok, normal ok, revision_missing ok, late ok" },
	{ .what = "what is late fails with the rest",
	  .rollouts = "1@0 3@20<12 2@25<11 1@30<29",
	  .states = "baseline ok, normal failed (rollback by 3) until 30, "
		    "late failed (rollback by 3) until 30, rollback ok unplanned" },

	/* ---- repairs ---- */
	{ .what = "a revert fails what shipped the commit it reverts",
	  .peer = "DevLake, GitLab, fourkeys, Middleware: a deployment like any other",
	  .rollouts = "1@0 2@10 3@20 4@30",
	  .repairs = "3 roll_forward 1",
	  .states = "baseline ok, normal failed (roll_forward by 3) until 30, normal ok, "
		    "roll_forward ok unplanned" },
	{ .what = "a hotfix that names nothing repairs the one before",
	  .peer = "DevLake: no rework rate",
	  .rollouts = "1@0 2@10 3@20",
	  .repairs = "2 hotfix before",
	  .states = "baseline ok, normal failed (hotfix by 2) until 20, "
		    "hotfix ok unplanned" },
	{ .what = "a bad one, back, then a hotfix: what it went back to is whole",
	  .peer = "a rule of labels alone fails the good rollback",
	  .rollouts = "1@0 2@10 3@20 2@21 4@70",
	  .repairs = "4 hotfix before",
	  .states = "baseline ok, normal ok, "
		    "normal failed (rollback by 3, hotfix by 4) until 21, "
		    "rollback ok unplanned, hotfix ok unplanned" },
	{ .what = "back in two steps and there deployed again, then a hotfix: likewise",
	  .rollouts = "1@0 2@10 3@20 2@30 1@40 1@45 4@50",
	  .repairs = "6 hotfix before",
	  .states = "baseline ok, normal failed (rollback by 4) until 40, "
		    "normal failed (rollback by 3, rollback by 4, hotfix by 6) until 30, "
		    "rollback failed (rollback by 4) until 40 unplanned, "
		    "rollback ok unplanned, redeploy ok, hotfix ok unplanned" },
	{ .what = "an incident ends a recovery, whatever repaired it",
	  .rollouts = "1@0 2@10 1@20 3@70",
	  .repairs = "3 roll_forward before",
	  .incidents = "11-30",
	  .states = "baseline ok, normal failed (incident 0, rollback by 2, "
		    "roll_forward by 3) until 30, rollback ok unplanned, "
		    "roll_forward ok unplanned",
	  .links = "1 window" },
	{ .what = "forward again after a rollback, then a hotfix: that was broken",
	  .rollouts = "1@0 2@10 1@20 2@30 3@40",
	  .repairs = "4 hotfix before",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned, redeploy failed (hotfix by 4) until 40, "
		    "hotfix ok unplanned" },
	{ .what = "the one before is of its group",
	  .rollouts = "1a@0 1b@5 2a@10 3b@20",
	  .repairs = "3 hotfix before",
	  .states = "baseline ok, baseline failed (hotfix by 3) until 20, normal ok, "
		    "hotfix ok unplanned" },
	{ .what = "what it repairs came with it: a repair, and nobody failed",
	  .rollouts = "1@0 2@10 3@20",
	  .repairs = "2 roll_forward nobody",
	  .states = "baseline ok, normal ok, roll_forward ok unplanned" },
	{ .what = "what the baseline shipped is old, and the baseline no failure",
	  .rollouts = "1@0 2@10",
	  .repairs = "1 roll_forward 0",
	  .states = "baseline ok, roll_forward ok unplanned" },
	{ .what = "nothing repairs itself or what comes after it",
	  .rollouts = "1@0 2@10 3@20",
	  .repairs = "1 hotfix 1, 1 hotfix 2",
	  .states = "baseline ok, hotfix ok unplanned, normal ok" },
	{ .what = "there is nothing before the first",
	  .rollouts = "1@0",
	  .repairs = "0 hotfix before",
	  .states = "baseline ok" },
	{ .what = "two reverts in one, the same told twice",
	  .rollouts = "1@0 2@10 3@20 4@30",
	  .repairs = "3 roll_forward 1, 3 roll_forward 2, 3 roll_forward 1",
	  .states = "baseline ok, normal failed (roll_forward by 3) until 30, "
		    "normal failed (roll_forward by 3) until 30, "
		    "roll_forward ok unplanned" },
	{ .what = "reverted, then fixed hot: all evidence, the first end",
	  .rollouts = "1@0 2@10 3@20 4@30",
	  .repairs = "3 roll_forward 1, 2 hotfix before",
	  .states =
		  "baseline ok, normal failed (roll_forward by 3, hotfix by 2) until 20, "
		  "hotfix ok unplanned, roll_forward ok unplanned" },
	{ .what = "told to be both it is a hotfix",
	  .rollouts = "1@0 2@10 3@20",
	  .repairs = "2 roll_forward nobody, 2 hotfix nobody",
	  .states = "baseline ok, normal ok, hotfix ok unplanned" },
	{ .what = "a hotfix deployed again does not fail itself",
	  .rollouts = "1@0 2@10 3@15 3@20",
	  .repairs = "2 hotfix before, 3 hotfix before",
	  .states = "baseline ok, normal failed (hotfix by 2) until 15, "
		    "hotfix ok unplanned, redeploy ok" },
	{ .what = "a slow one brings nothing that could repair",
	  .rollouts = "1@0 3@20<12 2@25<11",
	  .repairs = "2 hotfix 1",
	  .states = "baseline ok, normal ok, late ok" },
	{ .what = "a rollback from a branch that fits is a rollback",
	  .rollouts = "1@0 2@10 1@20",
	  .repairs = "2 hotfix before",
	  .states = "baseline ok, normal failed (rollback by 2) until 20, "
		    "rollback ok unplanned" },
	{ .what = "what nobody knows is no repair, whatever its branch",
	  .rollouts = "1@0 2@10 ?@20",
	  .repairs = "2 hotfix before",
	  .states = "baseline ok, normal ok, revision_missing ok" },

	/* ---- incidents ---- */
	{ .what = "an incident within the window is the latest rollout's",
	  .rollouts = "1@0 2@10 3@20",
	  .incidents = "22-25",
	  .states = "baseline ok, normal ok, normal failed (incident 0) until 25",
	  .links = "2 window" },
	{ .what = "an incident months after the last deployment is nobody's",
	  .peer = "DevLake: attributed to the last deployment, whatever the gap",
	  .rollouts = "1@0 2@10",
	  .incidents = "4000-4010",
	  .states = "baseline ok, normal ok",
	  .links = "none" },
	{ .what = "an outage of the machines, a week after, fails no deployment",
	  .peer = "DevLake, Middleware: counted against the last deployment",
	  .rollouts = "1@0 2@10",
	  .incidents = "178-180 179-",
	  .states = "baseline ok, normal ok",
	  .links = "none, none" },
	{ .what = "at the end of the window it is too late",
	  .rollouts = "1@0",
	  .incidents = "72-73",
	  .states = "baseline ok",
	  .links = "none" },
	{ .what = "an hour before it is not; at the very finish neither",
	  .rollouts = "1@0 2@100",
	  .incidents = "71-72 100-101",
	  .states = "baseline failed (incident 0) until 72, "
		    "normal failed (incident 1) until 101",
	  .links = "0 window, 1 window" },
	{ .what = "before the first deployment nothing can have caused it",
	  .rollouts = "1@10",
	  .incidents = "9-12",
	  .states = "baseline ok",
	  .links = "none" },
	{ .what = "two incidents of one deployment are one failure",
	  .peer = "GitLab: two incidents of ten deployments are 0.2; DevLake counted "
		  "incidents, too",
	  .rollouts = "1@0 2@10",
	  .incidents = "11-12 13-20",
	  .states = "baseline ok, normal failed (incident 0, incident 1) until 20",
	  .links = "1 window, 1 window" },
	{ .what = "an issue edited until it is told thrice fails its deployment once",
	  .peer = "fourkeys: a row for each edit, an abnormally high rate",
	  .rollouts = "1@0 2@10",
	  .incidents = "11-12 11-12 11-15",
	  .states = "baseline ok, "
		    "normal failed (incident 0, incident 1, incident 2) until 15",
	  .links = "1 window, 1 window, 1 window" },
	{ .what = "never resolved: failed, and open",
	  .peer = "DevLake, GitLab, fourkeys: left out of recovery without a word",
	  .rollouts = "1@0 2@10",
	  .incidents = "11-",
	  .states = "baseline ok, normal failed (incident 0) open",
	  .links = "1 window" },
	{ .what = "open as long as one of several is, even after a rollback",
	  .rollouts = "1@0 2@10 1@20",
	  .incidents = "11-12 13-",
	  .states = "baseline ok, "
		    "normal failed (incident 0, incident 1, rollback by 2) open, "
		    "rollback ok unplanned",
	  .links = "1 window, 1 window" },
	{ .what = "opened again: its last resolve is the end, not the rollback before it",
	  .rollouts = "1@0 2@10 1@20",
	  .incidents = "11-30",
	  .states = "baseline ok, normal failed (incident 0, rollback by 2) until 30, "
		    "rollback ok unplanned",
	  .links = "1 window" },
	{ .what = "resolved before it was deployed: a failure without a time to recovery",
	  .peer = "no open source peer handles it",
	  .rollouts = "1@0 2@10",
	  .incidents = "5-8=1d",
	  .states = "baseline ok, normal failed (incident 0) until 8 negative",
	  .links = "1 deployment" },
	{ .what = "resolved the moment it was deployed took no time",
	  .rollouts = "1@0 2@10",
	  .incidents = "5-10=1d",
	  .states = "baseline ok, normal failed (incident 0) until 10",
	  .links = "1 deployment" },
	{ .what = "what is named beats the window, and needs none",
	  .rollouts = "1@0 2@10 3@20 4@30",
	  .incidents = "31-32=1c 33-34=2r 400-401=3d",
	  .states = "baseline ok, normal failed (incident 0) until 32, "
		    "normal failed (incident 1) until 34, "
		    "normal failed (incident 2) until 401",
	  .links = "1 change, 2 revision, 3 deployment" },
	{ .what = "named though it finished after the incident began: clocks differ",
	  .rollouts = "1@0 2@10",
	  .incidents = "9-12=1r",
	  .states = "baseline ok, normal failed (incident 0) until 12",
	  .links = "1 revision" },
	{ .what = "what another service caused is not put to the latest of this one",
	  .rollouts = "1@0 2@10",
	  .incidents = "11-12=x",
	  .states = "baseline ok, normal ok",
	  .links = "none" },
	{ .what = "an incident of one group passes the others by",
	  .peer = "DevLake: the last deployment of the project, of any repository",
	  .rollouts = "1a@0 1b@5 2a@10",
	  .incidents = "11-12/b 11-13/a 11-14",
	  .states = "baseline ok, baseline failed (incident 0) until 12, "
		    "normal failed (incident 1, incident 2) until 14",
	  .links = "1 window, 2 window, 2 window" },
	{ .what = "one of two of three groups is linked once, to the later of theirs",
	  .rollouts = "1a@0 1b@5 1c@8",
	  .incidents = "11-12/ab",
	  .states = "baseline ok, baseline failed (incident 0) until 12, baseline ok",
	  .links = "1 window" },
	{ .what = "a group without rollouts has none to link",
	  .rollouts = "1a@0",
	  .incidents = "1-2/b 1-2/z",
	  .states = "baseline ok",
	  .links = "none, none" },
	{ .what = "the fix of an incident was not planned, though linked to nothing",
	  .peer = "no open source peer: a rework rate",
	  .rollouts = "1@0 2@200",
	  .incidents = "150-205+1",
	  .states = "baseline ok, normal ok unplanned",
	  .links = "none" },
	{ .what = "of two that finish together the later in order",
	  .rollouts = "1@0 2@10 3@10",
	  .incidents = "10-11",
	  .states = "baseline ok, normal ok, normal failed (incident 0) until 11",
	  .links = "2 window" },

	/* ---- pending ---- */
	{ .what = "until the window has passed nobody knows",
	  .peer = "no open source peer: a third state, so it counts as good",
	  .rollouts = "1@0 2@10 3@11",
	  .now = 82,
	  .states = "baseline ok, normal ok, normal pending" },
	{ .what = "an hour before its end it is pending",
	  .rollouts = "1@0",
	  .now = WINDOW - 1,
	  .states = "baseline pending" },
	{ .what = "what failed is not pending, and what is pending may be unplanned",
	  .rollouts = "1@0 2@10 1@20",
	  .incidents = "10-",
	  .now = 21,
	  .states = "baseline pending, normal failed (incident 0, rollback by 2) open, "
		    "rollback pending unplanned",
	  .links = "1 window" },
	{ .what = "an incident that becomes known late turns ok to failed",
	  .rollouts = "1@0 2@10",
	  .incidents = "50-60",
	  .now = 5000,
	  .states = "baseline ok, normal failed (incident 0) until 60",
	  .links = "1 window" },
};

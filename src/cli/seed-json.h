/* The pod's status as JSON: the short form of the HTTP interface and the full one of the control socket. */
#ifndef CPOD_CLI_SEED_JSON_H
#define CPOD_CLI_SEED_JSON_H

#include "src/base/str.h"

#include <cpod/cpod.h>

/* Room for a time in RFC 3339, "2026-11-22T00:35:00.066493594Z". */
#define CPOD_TIME_SIZE 40

/* Writes the time in UTC with Z; zeros at the end of the fraction are dropped, and its point when nothing
 * is left. */
void cpod_time_text (int64_t sec, int32_t nsec, char text[CPOD_TIME_SIZE]);

/* Adds [{"Name":...,"States":[...],"LatestErrors":null|[{"Message":...,"Timestamp":...}],"Restarts":0}]:
 * one entry for each main container, compact, no newline. */
void cpod_seed_json_status (struct cpod_str *out, const struct cpod_status *status);
/* Adds {"healthy":true}. */
void cpod_seed_json_healthy (struct cpod_str *out, int healthy);

#endif

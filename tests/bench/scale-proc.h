/* What /proc and cgroup2 say of processes: memory, switches, CPU; for bench-scale. */
#ifndef CPOD_BENCH_SCALE_PROC_H
#define CPOD_BENCH_SCALE_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A set of processes. */
struct pids { pid_t *items; size_t n, capacity; };   /* items: owned */

void pids_add (struct pids *pids, pid_t pid);
/* Adds the children of pid's threads. */
void pids_add_children (struct pids *pids, pid_t pid);
void pids_finish (struct pids *pids);

/* Sums over the set; a process that is gone counts as 0. */
uint64_t pids_pss_kb (const struct pids *pids);            /* Pss of smaps_rollup: no page tables, nothing of the kernel's */
uint64_t pids_page_tables_kb (const struct pids *pids);    /* VmPTE of status */
uint64_t pids_switches (const struct pids *pids);          /* voluntary and other context switches, of all threads */

/* CPU time in microseconds of a cgroup below the cgroup2 mount, with all below it, also of what has ended. */
uint64_t cgroup_cpu_us (const char *path);

#endif

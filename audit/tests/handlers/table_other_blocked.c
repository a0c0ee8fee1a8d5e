// expect: undecided
/* The program reads a child's status and then its PID from the table with the wrong signal blocked, so they may be of two children. */
#define BLOCKED SIGUSR1
#include "table_blocked.c"

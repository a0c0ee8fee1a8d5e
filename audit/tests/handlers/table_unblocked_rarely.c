// expect: undecided
/* A part of the code that seldom runs, and that the compiler may place elsewhere, unblocks the signals between status and PID. */
#define BETWEEN \
	if (__builtin_expect(argc > 5, 0)) \
		sigprocmask(SIG_SETMASK, &old, NULL);
#include "table_blocked.c"

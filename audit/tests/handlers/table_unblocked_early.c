// expect: undecided
/* A status and its PID are read again after the signals are unblocked, through a pointer that was taken before. */
#define BEHIND \
	volatile int *kept = &ended[sum % CHILDREN].status; \
	status = kept[0]; \
	if (kept[-1] != 0) \
		sum += WEXITSTATUS(status);
#include "table_blocked.c"

/* What the programs share: a handler for two signals. A macro, so that the call stands where the program has it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSTALL(on) \
    do { \
        struct sigaction a; \
        memset(&a, 0, sizeof a); \
        a.sa_handler = on; \
        sigaction(SIGUSR1, &a, 0); \
        sigaction(SIGUSR2, &a, 0); \
    } while (0)

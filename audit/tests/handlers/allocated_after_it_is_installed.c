// expect: fail
// The function that installs the handler allocates the handler's data only afterwards.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct counts { volatile sig_atomic_t signal; int descriptor; };
/* Not static: clang would put the data of a static pointer into the file. */
struct counts *counts;

static void count(int s) { counts->signal = s; }

__attribute__((noinline)) static int install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = count;
    if (sigaction(SIGTERM, &action, NULL))
        return -1;
    if (counts == NULL)
        counts = calloc(1, sizeof *counts);
    return counts == NULL;
}

int main(void)
{
    for (;;) {
        if (install())
            return 1;
        pause();
        if (counts->signal == SIGTERM)
            return 0;
    }
}

// truth: safe: the program looks at the number that the handler stores only where it has found the handler's flag
#include "corpus.h"
static struct { volatile sig_atomic_t is_set; volatile int sender; } told;
static void handler(int s, siginfo_t *info, void *context) {
    (void)s; (void)context;
    told.sender = info->si_pid;
    told.is_set = 1;
}
int main(void) {
    INSTALL_INFO(SIGUSR1, handler);
    for (;;) {
        pause();
        if (told.is_set) { told.is_set = 0; printf("%d\n", told.sender); }
    }
}

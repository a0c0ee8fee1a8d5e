// truth: safe: counts only signals of the parent or of its own user, by the siginfo, with flags that are set by name
#include "corpus.h"
static volatile sig_atomic_t accepted, refused;
static void handler(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    if (info->si_code == SI_USER && (info->si_pid == getppid() || info->si_uid == getuid()))
        accepted = 1;
    else
        refused = 1;
}
MAIN_INFO(handler)

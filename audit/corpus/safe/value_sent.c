// truth: safe: takes the number that sigqueue sent, if it is a level from 0 to 9
#include "corpus.h"
static volatile sig_atomic_t level;
static void handler(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    if (info->si_code == SI_QUEUE && info->si_value.sival_int >= 0 && info->si_value.sival_int <= 9)
        level = info->si_value.sival_int;
}
MAIN_INFO(handler)

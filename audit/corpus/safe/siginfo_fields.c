// truth: safe: fields of the siginfo that the kernel hands over, each into its own atomic
#include "corpus.h"
_Atomic int who, code;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; code = info->si_code; }
MAIN_INFO(handler)

// truth: unsafe: reads the siginfo, and is installed by signal(), which never asks for one
#include "corpus.h"
_Atomic int code;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; code = info->si_code; }
int main(void) { signal(SIGUSR1, (void (*)(int))handler); for (;;) pause(); }

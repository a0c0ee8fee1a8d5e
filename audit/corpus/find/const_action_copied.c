// truth: find: a const struct sigaction is copied, its flags changed, and the copy installed
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static const struct sigaction preset = {.sa_handler = bad};
int main(void) { struct sigaction sa = preset; signal(SIGINT, good); sa.sa_flags = SA_RESTART; sigaction(SIGTERM, &sa, 0); for (;;) pause(); }

// truth: find: the wrapper is called through a pointer alone
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void on(int s, void (*h)(int)) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = h; sigaction(s, &sa, 0); }
static void off(int s, void (*h)(int)) { (void)h; signal(s, SIG_IGN); }
void (*how)(int, void (*)(int)) = on;
int main(int argc, char **argv) { (void)argv; if (argc > 3) how = off; signal(SIGINT, good); how(SIGTERM, bad); for (;;) pause(); }

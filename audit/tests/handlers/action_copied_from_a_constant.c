// expect: pass
#include <signal.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void handler(int s) { seen = s; }
int main(void) { struct sigaction a = {.sa_handler = handler}; sigaction(SIGTERM, &a, 0); for (;;) pause(); }

// expect: pass
#include <signal.h>
#include <string.h>
#include <unistd.h>
static const struct { char text[200]; } message = { "a constant message, copied to the stack and changed there" };
volatile sig_atomic_t seen;
static void on(int s) { char text[200]; memcpy(text, &message, sizeof text); text[0] = 65 + s; seen = ((volatile char *)text)[s]; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }

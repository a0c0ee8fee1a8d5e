// expect: fail
// The handler clears a callback that the program calls without a test of the pointer.
#include "corpus.h"
static void tick(void) { (void)!write(1, "t", 1); }
static void (*volatile call)(void) = tick; static volatile sig_atomic_t on = 1;
static void handler(int s) { (void)s; on = 0; call = 0; }
int main(void) { INSTALL(SIGUSR1, handler); while (on) call(); }

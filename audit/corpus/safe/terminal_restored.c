// truth: safe: restores the terminal from a global structure, then the default action
#include "corpus.h"
#include <termios.h>
static struct termios before;
static volatile sig_atomic_t is_raw;
static void handler(int s) { int saved = errno; if (is_raw) { tcsetattr(0, TCSANOW, &before); is_raw = 0; } signal(s, SIG_DFL); raise(s); errno = saved; }
int main(void) { if (tcgetattr(0, &before) == 0) is_raw = 1; INSTALL(SIGINT, handler); for (;;) pause(); }

// expect: open
// The handler ends the process, and so does one that interrupts it.
#include "corpus.h"
static char line[] = "signal 00\n";
static void handler(int s) { line[7] = '0' + s / 10; line[8] = '0' + s % 10; write(2, line, 10); _exit(1); }
int main(void) { INSTALL(SIGTERM, handler); INSTALL(SIGINT, handler); for (;;) pause(); }

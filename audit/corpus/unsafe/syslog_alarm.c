// truth: unsafe: syslog from SIGALRM, the shape of CVE-2024-6387
#include "corpus.h"
static void handler(int s) { syslog(LOG_INFO, "timeout %d", s); _exit(1); }
int main(void) { INSTALL(SIGALRM, handler); alarm(120); for (;;) pause(); }

// truth: safe: removes a file whose name the program put into an array before
#include "corpus.h"
static char path[256];
static void handler(int s) { (void)s; if (path[0]) unlink(path); _exit(1); }
int main(int argc, char **argv) { snprintf(path, sizeof path, "/run/%d.pid", argc); INSTALL(SIGTERM, handler); (void)argv; for (;;) pause(); }

// truth: unsafe: a library's handler calls another exported function of the library through the PLT, which allocates
// kind: shared
#include "corpus.h"
struct item { struct item *next; int s; };
static struct item *head;
void lib_queue(int s) { struct item *i = malloc(sizeof *i); if (i) { i->s = s; i->next = head; head = i; } }
static void handler(int s) { lib_queue(s); }
int lib_install(void) { struct sigaction a = {.sa_handler = handler}; return sigaction(SIGCHLD, &a, 0); }

// truth: unsafe: a list is walked that the main program changes and frees
#include "corpus.h"
struct node { struct node *next; volatile sig_atomic_t seen; };
struct node *head;
static void handler(int s) { for (struct node *n = head; n; n = n->next) n->seen = s; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) { struct node *n = malloc(sizeof *n); n->next = head; head = n; if (n->seen) { head = n->next; free(n); } }
}

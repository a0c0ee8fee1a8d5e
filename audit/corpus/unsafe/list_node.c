// truth: unsafe: a node of a list is allocated in the handler, two functions down
#include "corpus.h"
struct node { struct node *next; int number; };
static struct node *head;
NOINLINE static void *checked_malloc(size_t n) { void *p = malloc(n); if (!p) abort(); return p; }
NOINLINE static void push(int number) { struct node *n = checked_malloc(sizeof *n); n->number = number; n->next = head; head = n; }
static void handler(int s) { push(s); }
MAIN(handler)

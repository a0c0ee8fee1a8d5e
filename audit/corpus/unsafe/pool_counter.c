// truth: unsafe: takes from the program's free list without protection
#include "corpus.h"
struct node { struct node *next; int s; }; static struct node pool[16]; static struct node *volatile free_list; static struct node *volatile events;
static void handler(int s) { struct node *n = free_list; if (!n) return; free_list = n->next; n->s = s; n->next = events; events = n; }
int main(void) { for (int i = 0; i < 15; i++) pool[i].next = &pool[i + 1]; free_list = pool; INSTALL(SIGUSR1, handler); for (;;) { pause(); struct node *n = events; if (n) { events = n->next; printf("%d\n", n->s); n->next = free_list; free_list = n; } } }

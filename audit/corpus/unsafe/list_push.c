// truth: unsafe: links an element of an own free list, which the interrupted code changes too
#include "corpus.h"
struct node { struct node *next; int sig; }; static struct node pool[8], *free_list, *queue;
static struct node *take(void) { struct node *n = free_list; if (n) free_list = n->next; return n; }
static void handler(int sig) { struct node *n = take(); if (!n) return; n->sig = sig; n->next = queue; queue = n; }
int main(void) { for (int i = 0; i < 8; i++) { pool[i].next = free_list; free_list = &pool[i]; } INSTALL(SIGUSR1, handler);
    for (;;) { pause(); while (queue) { struct node *n = queue; queue = n->next; printf("%d\n", n->sig); n->next = free_list; free_list = n; } } }

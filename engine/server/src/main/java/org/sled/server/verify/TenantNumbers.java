package org.sled.server.verify;

import java.util.BitSet;
import java.util.IdentityHashMap;

/**
 * Small numbers for those who share the server: each connection with open sessions has one of its
 * own. Verifier thread only.
 */
final class TenantNumbers {
  private final IdentityHashMap<Object, Tenant> tenants = new IdentityHashMap<>();
  private final BitSet taken = new BitSet();

  private static final class Tenant {
    final int number;
    int sessions;

    Tenant(int number) {
      this.number = number;
    }
  }

  /** The number of whoever opens a session. */
  int opened(Object owner) {
    Tenant tenant = tenants.get(owner);
    if (tenant == null) {
      tenant = new Tenant(taken.nextClearBit(0));
      taken.set(tenant.number);
      tenants.put(owner, tenant);
    }
    tenant.sessions++;
    return tenant.number;
  }

  /** A session of it was closed. */
  void closed(Object owner) {
    Tenant tenant = tenants.get(owner);
    tenant.sessions--;
    if (tenant.sessions == 0) {
      tenants.remove(owner);
      taken.clear(tenant.number);
    }
  }
}

// One mapping of a process and the sorted list of them. In: ranges. Out: splitting, carving, free gaps.
// Must not know: the bytes, the permissions table, system calls.

/** What a file gives to a mapping. */
export interface MappedFile {
  readonly name: string;
  readAt(into: Uint8Array, position: number): number;
  writeAt(from: Uint8Array, position: number): void;
  retain(): void;
  release(): void;
}

/** `[start, end)`, multiples of the page size. `access` is what the program asked for, by Perm.R, W and X. */
export interface Area {
  readonly start: number;
  readonly end: number;
  readonly access: number;
  readonly shared: boolean;
  readonly file?: MappedFile;
  /** Position in the file of `start`. */
  readonly offset: number;
  /** As /proc/self/maps prints it: `[stack]`, a path, or nothing. */
  readonly name: string;
}

/** Areas in ascending order, never overlapping. */
export class AreaList {
  private list: Area[] = [];

  get all(): readonly Area[] {
    return this.list;
  }

  at(address: number): Area | undefined {
    const found = this.list[this.firstEndingAfter(address)];
    return found && found.start <= address ? found : undefined;
  }

  within(start: number, end: number): readonly Area[] {
    const first = this.firstEndingAfter(start);
    let last = first;
    while (last < this.list.length && this.list[last]!.start < end) last++;
    return this.list.slice(first, last);
  }

  /** True if every byte of the range lies in some area. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (const area of this.within(start, end)) {
      if (area.start > at) return false;
      at = area.end;
    }
    return at >= end;
  }

  isFree(start: number, end: number): boolean {
    return this.within(start, end).length === 0;
  }

  add(area: Area): void {
    let at = this.firstEndingAfter(area.start);
    let joined = area;
    const before = this.list[at - 1];
    if (before && joins(before, joined)) {
      joined = { ...before, end: joined.end };
      joined.file?.release();
      this.list.splice(--at, 1);
    }
    const after = this.list[at];
    if (after && joins(joined, after)) {
      joined = { ...joined, end: after.end };
      joined.file?.release();
      this.list.splice(at, 1);
    }
    this.list.splice(at, 0, joined);
  }

  /** Takes `[start, end)` out, splitting areas at its borders, and gives the pieces that were inside. */
  carve(start: number, end: number): readonly Area[] {
    const first = this.firstEndingAfter(start);
    let last = first;
    const keep: Area[] = [];
    const out: Area[] = [];
    for (; last < this.list.length && this.list[last]!.start < end; last++) {
      const area = this.list[last]!;
      const from = Math.max(area.start, start);
      const to = Math.min(area.end, end);
      if (area.start < from) keep.push(this.piece(area, area.start, from));
      out.push(this.piece(area, from, to));
      if (to < area.end) keep.push(this.piece(area, to, area.end));
      area.file?.release();
    }
    this.list.splice(first, last - first, ...keep);
    return out;
  }

  /** The highest gap of `length` bytes in `[low, high)`, its start aligned; undefined where there is none. */
  findFree(length: number, low: number, high: number, align: number): number | undefined {
    let top = high;
    for (let i = this.list.length - 1; i >= -1; i--) {
      const area = this.list[i];
      if (area && area.start >= high) continue;
      const floor = Math.max(area ? area.end : 0, low);
      const start = Math.floor((top - length) / align) * align;
      if (start >= floor) return start;
      if (area) top = Math.min(top, area.start);
    }
    return undefined;
  }

  private piece(area: Area, start: number, end: number): Area {
    area.file?.retain();
    return { ...area, start, end, offset: area.offset + (start - area.start) };
  }

  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function joins(a: Area, b: Area): boolean {
  return (
    a.end === b.start &&
    a.access === b.access &&
    a.shared === b.shared &&
    a.file === b.file &&
    a.name === b.name &&
    (!a.file || a.offset + (a.end - a.start) === b.offset)
  );
}

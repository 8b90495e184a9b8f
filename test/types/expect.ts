/** States types. These files are compiled and never run. */

/** Whether two types are the same, not only assignable both ways. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `typeOf(value).is<T>()` compiles if the type of the value is T and no other; `any` is only `any`. */
export declare function typeOf<Actual>(value: Actual): {
  is<Expected>(...complaint: Equal<Actual, Expected> extends true ? [] : [expected: Expected, actual: Actual]): void;
};

-- Lines of orders, custom lines included: what was sold, at which price, with which discounts, and what came back.
-- Lines of cancelled orders are here; filter by order_state.

with lines as (

    select
        orderId,
        id,
        'LineItem' as line_type,
        productId,
        variant_id,
        variant_sku,
        coalesce(name['{{ var("language") }}'], map_values(name)[1]) as name,
        quantity,
        price_value_amount as unit_price,
        -- A product discount lowers the price before anything is in the cart.
        coalesce(price_value_amount - price_discounted_value_amount, 0) * quantity as product_discount,
        totalPrice_amount,
        taxedPrice_totalNet_centAmount,
        taxedPrice_totalNet_amount,
        taxedPrice_totalGross_centAmount,
        taxedPrice_totalGross_amount,
        taxedPrice_totalGross_fractionDigits,
        taxRate_amount
    from {{ source('commercetools', 'order_line_items') }}

    union all by name

    select
        orderId,
        id,
        'CustomLineItem' as line_type,
        coalesce(name['{{ var("language") }}'], map_values(name)[1]) as name,
        quantity,
        money_amount as unit_price,
        0 as product_discount,
        totalPrice_amount,
        taxedPrice_totalNet_centAmount,
        taxedPrice_totalNet_amount,
        taxedPrice_totalGross_centAmount,
        taxedPrice_totalGross_amount,
        taxedPrice_totalGross_fractionDigits,
        taxRate_amount
    from {{ source('commercetools', 'order_custom_line_items') }}

),

-- A portion is for one piece; the discount that it belongs to says how many pieces have it.
portions as (

    select portion.orderId, portion.lineItemId as line_id, portion.discountedAmount_amount * discount.quantity as amount
    from {{ source('commercetools', 'order_line_item_discount_portions') }} as portion
    join {{ source('commercetools', 'order_line_item_discounts') }} as discount
        on discount.orderId = portion.orderId
        and discount.lineItemId = portion.lineItemId
        and discount.position = portion.discountPosition

    union all

    select portion.orderId, portion.customLineItemId, portion.discountedAmount_amount * discount.quantity
    from {{ source('commercetools', 'order_custom_line_item_discount_portions') }} as portion
    join {{ source('commercetools', 'order_custom_line_item_discounts') }} as discount
        on discount.orderId = portion.orderId
        and discount.customLineItemId = portion.customLineItemId
        and discount.position = portion.discountPosition

),

discounts as (

    select orderId, line_id, sum(amount) as amount
    from portions
    group by all

),

returns as (

    select orderId, coalesce(lineItemId, customLineItemId) as line_id, sum(quantity) as quantity
    from {{ source('commercetools', 'order_return_items') }}
    where shipmentState <> 'Advised'  -- announced, and not back yet
    group by all

),

-- A discount on the order's total is in no line: of what a line cost, `paid` / `undiscounted` was paid.
paid as (

    select
        id as orderId,
        if(totalPrice_centAmount >= 0, coalesce(discountOnTotalPrice_discountedAmount_centAmount, 0), 0) as discount,
        cast(if(discount > 0, totalPrice_centAmount, 1) as hugeint) as paid,
        paid + if(discount > 0, discount, 0) as undiscounted
    from {{ source('commercetools', 'orders') }}

),

-- What came back, in minor units: the share of what was paid for the line that its pieces are, rounded half up. In whole
-- numbers, because doubles have too few digits for it.
valued as (

    select
        lines.*,
        coalesce(returns.quantity, 0) as returned,
        2 * returned * paid.paid as part,
        greatest(lines.quantity, 1) * paid.undiscounted as half,
        -- Of the absolute values, because a custom line may be negative, and DuckDB divides towards zero.
        sign(taxedPrice_totalNet_centAmount)
        * ((abs(taxedPrice_totalNet_centAmount) * part + half) // (2 * half)) as returned_net_cents,
        sign(taxedPrice_totalGross_centAmount)
        * ((abs(taxedPrice_totalGross_centAmount) * part + half) // (2 * half)) as returned_gross_cents,
        -- 0.01 where the currency has two fraction digits
        cast('1e-' || taxedPrice_totalGross_fractionDigits as decimal(5, 4)) as minor_unit
    from lines
    join paid using (orderId)
    left join returns on returns.orderId = lines.orderId and returns.line_id = lines.id

)

select
    orders.id as order_id,
    valued.id as line_id,
    valued.line_type,
    orders.orderNumber as order_number,
    orders.createdAt as ordered_at,
    orders.orderState as order_state,
    orders.store_key,
    orders.customerId as customer_id,
    orders.totalPrice_currency as currency,
    valued.productId as product_id,
    valued.variant_id,
    valued.variant_sku as sku,
    valued.name,
    valued.quantity,
    valued.unit_price,
    valued.product_discount,
    coalesce(discounts.amount, 0) as cart_discount,
    valued.totalPrice_amount as total,
    valued.taxRate_amount as tax_rate,
    valued.taxedPrice_totalNet_amount as net,
    valued.taxedPrice_totalGross_amount as gross,
    valued.returned as returned_quantity,
    cast(valued.returned_net_cents as decimal(19, 0)) * valued.minor_unit as returned_net,
    cast(valued.returned_gross_cents as decimal(19, 0)) * valued.minor_unit as returned_gross
from valued
join {{ source('commercetools', 'orders') }} as orders on orders.id = valued.orderId
left join discounts on discounts.orderId = valued.orderId and discounts.line_id = valued.id
